import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SeenHub, StartState } from '../../../hub/cluster/hub-start.ts';
import { LostHubs } from '../../../hub/incidents/lost-hubs.ts';

const hub = (id: string, incarnation: number, state: StartState): SeenHub => ({
  id,
  incarnation,
  state,
  beat: 1,
  version: '',
});

function lostHubs() {
  const open = new Set<string>();
  const told: string[] = [];
  const leader = { tells: true };
  const lost = new LostHubs({
    tells: () => leader.tells,
    told: () => [...open],
    changed(id, raised) {
      if (open.has(id) !== raised) told.push(`${id} ${raised ? 'lost' : 'back'}`);
      if (raised) open.add(id);
      else open.delete(id);
    },
  });
  return { lost, open, told, leader };
}

test('a hub is lost from when it is found dead until its next start, and one that left is not', () => {
  const { lost, told } = lostHubs();
  lost.beaten([hub('a', 1, 'up'), hub('b', 4, 'up'), hub('c', 2, 'up')]);
  lost.beaten([hub('a', 1, 'up'), hub('b', 4, 'dead'), hub('c', 2, 'left')]);
  lost.beaten([hub('a', 1, 'up'), hub('b', 4, 'dead'), hub('c', 2, 'left')]);
  assert.deepEqual(told, ['b lost']);
  lost.beaten([hub('b', 5, 'up'), hub('b', 4, 'dead')]);
  assert.deepEqual(told, ['b lost', 'b back']);
});

test('a hub that an earlier leader has told as lost is back, or forgotten, for the next one', () => {
  const { lost, open, told, leader } = lostHubs();
  open.add('b').add('gone').add('c');
  leader.tells = false;
  lost.beaten([hub('a', 1, 'dead')]);
  assert.deepEqual(told, [], 'this hub does not tell');
  leader.tells = true;
  lost.beaten([hub('b', 5, 'up'), hub('c', 1, 'dead')]);
  assert.deepEqual(told, ['b back', 'gone back']);
});
