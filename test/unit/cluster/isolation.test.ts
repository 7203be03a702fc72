import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Isolation } from '../../../hub/cluster/isolation.ts';

function startIsolation() {
  const gaveUp: string[] = [];
  const written: string[] = [];
  let hears = true;
  const isolation = new Isolation({
    me: { id: 'me', incarnation: 4 },
    tenure: { giveUp: (why) => void gaveUp.push(why) },
    hearsOthers: () => hears,
    writeDead: ({ id, incarnation }) => void written.push(`${id}/${incarnation}`),
  });
  return {
    isolation,
    gaveUp,
    written,
    deafen: () => {
      hears = false;
    },
  };
}

test('a hub that others can reach keeps its devices however long the state is away', () => {
  const { isolation, gaveUp, deafen } = startIsolation();
  isolation.unanswered(600_000);
  assert.deepEqual(gaveUp, []);
  deafen();
  isolation.unanswered(59_000);
  assert.deepEqual(gaveUp, []);
  isolation.unanswered(60_000);
  assert.match(gaveUp[0] ?? '', /neither the state nor the broker/);
});

test('a hub gives up when it is told that it is dead, and not for an earlier start of it', () => {
  const { isolation, gaveUp, written } = startIsolation();
  isolation.declaredDead(3);
  assert.deepEqual(gaveUp, []);
  isolation.declaredDead(4);
  assert.equal(gaveUp.length, 1);
  isolation.declared({ id: 'other', incarnation: 2, beat: 1, state: 'up', version: '' });
  assert.deepEqual(written, ['other/2']);
});
