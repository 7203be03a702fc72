import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SeenHub, StartState } from '../../../hub/cluster/hub-start.ts';
import { LostHubs } from '../../../hub/incidents/lost-hubs.ts';
import { silentLog } from '../../helpers/silent-log.ts';

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
  const leader = { leads: true, resumed: 0, fails: false };
  const lost = new LostHubs({
    log: silentLog,
    leads: () => leader.leads,
    async resume() {
      leader.resumed += 1;
      if (leader.fails) throw new Error('not now');
    },
    told: () => [...open],
    changed(id, raised) {
      if (open.has(id) !== raised) told.push(`${id} ${raised ? 'lost' : 'back'}`);
      if (raised) open.add(id);
      else open.delete(id);
    },
  });
  return { lost, open, told, leader };
}

test('a hub is lost from when it is found dead until its next start, and one that left is not', async () => {
  const { lost, told } = lostHubs();
  await lost.begin();
  lost.beaten([hub('a', 1, 'up'), hub('b', 4, 'up'), hub('c', 2, 'up')]);
  lost.beaten([hub('a', 1, 'up'), hub('b', 4, 'dead'), hub('c', 2, 'left')]);
  lost.beaten([hub('a', 1, 'up'), hub('b', 4, 'dead'), hub('c', 2, 'left')]);
  assert.deepEqual(told, ['b lost']);
  lost.beaten([hub('b', 5, 'up'), hub('b', 4, 'dead')]);
  assert.deepEqual(told, ['b lost', 'b back']);
});

test('a hub that an earlier leader has told as lost is back, or forgotten, for the next one', async () => {
  const { lost, open, told, leader } = lostHubs();
  open.add('b').add('gone').add('c');
  lost.beaten([hub('a', 1, 'dead')]);
  assert.deepEqual(told, [], 'what the earlier one has told is not taken up yet');
  await lost.begin();
  leader.leads = false;
  lost.beaten([hub('a', 1, 'dead')]);
  assert.deepEqual(told, [], 'this hub does not lead');
  leader.leads = true;
  lost.beaten([hub('b', 5, 'up'), hub('c', 1, 'dead')]);
  assert.deepEqual(told, ['b back', 'gone back']);
});

test('what hubs that end have left open is taken up, again and again until the state answers', async () => {
  const { lost, leader } = lostHubs();
  await lost.begin();
  const living = [hub('a', 1, 'up'), hub('b', 4, 'up')];
  lost.beaten(living);
  lost.beaten(living);
  assert.equal(leader.resumed, 2, 'at the start, and once for those that live');
  leader.fails = true;
  const fewer = [hub('a', 1, 'up'), hub('b', 4, 'left')];
  lost.beaten(fewer);
  await Promise.resolve();
  leader.fails = false;
  lost.beaten(fewer);
  lost.beaten(fewer);
  assert.equal(leader.resumed, 4);
});
