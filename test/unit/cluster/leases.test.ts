import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SeenHub } from '../../../hub/cluster/hub-start.ts';
import { leaderOf } from '../../../hub/cluster/leader.ts';
import { Leases, type Lease, type LeaseStore } from '../../../hub/cluster/leases.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { silentLog } from '../../helpers/silent-log.ts';

const me: SeenHub = { id: 'a', incarnation: 1, beat: 1, state: 'up', version: '0' };

/** Leases of which the answers may be lost. */
class MemoryLeases implements LeaseStore {
  losesAnswers = false;
  #leases: Lease[] = [
    { name: 'leader', token: 0 },
    { name: 'gate', token: 0 },
  ];

  leases(): Promise<Lease[]> {
    return Promise.resolve(this.#leases);
  }

  async take(name: Lease['name'], seenToken: number): Promise<number> {
    const token = seenToken + 1;
    this.#leases = this.#leases.map((lease) => (lease.name === name ? { name, holder: me, token } : lease));
    if (this.losesAnswers) throw new Error('the connection broke');
    return token;
  }
}

test('a lease that was taken in a statement whose answer was lost is held from the next look on', async () => {
  const store = new MemoryLeases();
  const leases = new Leases({ log: silentLog, store, me });
  const gained: number[] = [];
  leases.follow('leader', { gained: (token) => void gained.push(token) });
  store.losesAnswers = true;
  await leases.look([me]);
  assert.deepEqual([leases.holds('leader'), gained], [false, []]);
  store.losesAnswers = false;
  await leases.look([me]);
  await leases.look([me]);
  assert.deepEqual([leases.holds('leader'), leases.holds('gate'), gained], [true, true, [1]]);
});

test('what the leader could not begin is begun when the state is back', async () => {
  const clock = new ManualClock();
  const leases = new Leases({ log: silentLog, store: new MemoryLeases(), me });
  let tries = 0;
  await leaderOf(leases, { clock, log: silentLog }).begin('schedules', () => {
    tries += 1;
    return tries < 3 ? Promise.reject(new Error('the state is away')) : Promise.resolve();
  });
  await leases.look([me]);
  await clock.advanceAsync(60_000);
  assert.equal(tries, 3);
});
