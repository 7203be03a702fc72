import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SharedDeliveries } from '../../../hub/alarms/shared-deliveries.ts';
import { silentLog } from '../../helpers/silent-log.ts';

function scene() {
  const state = { leads: false, fails: false };
  const asked: boolean[] = [];
  const taken: string[] = [];
  const shares = new SharedDeliveries({
    log: silentLog,
    leads: () => state.leads,
    store: {
      claim(whole) {
        asked.push(whole);
        const delivery = { id: 'd-1', webhook: 'w', createdMs: 1, body: '{}', isShared: true };
        return state.fails ? Promise.reject(new Error('away')) : Promise.resolve([delivery]);
      },
    },
    webhooks: {
      refresh: () => Promise.resolve(),
      takeOver(deliveries) {
        taken.push(...deliveries.map(({ id }) => id));
        return Promise.resolve();
      },
    },
  });
  return { state, asked, taken, shares };
}

test('only the leader claims deliveries: at first all, then what is new', async () => {
  const { state, asked, taken, shares } = scene();
  await shares.claim();
  assert.deepEqual([asked, taken], [[], []]);
  state.leads = true;
  await shares.claim();
  await shares.claim();
  assert.deepEqual(
    [asked, taken],
    [
      [true, false],
      ['d-1', 'd-1'],
    ],
  );
});

test('after an answer that was lost everything is claimed again, because something may be claimed that nobody knows of', async () => {
  const { state, asked, shares } = scene();
  state.leads = true;
  await shares.claim();
  state.fails = true;
  await shares.claim();
  state.fails = false;
  await shares.claim();
  await shares.claim();
  assert.deepEqual(asked, [true, false, true, false]);
});

test('what is asked while a claim is under way is claimed after it', async () => {
  const { state, asked, shares } = scene();
  state.leads = true;
  const first = shares.claim();
  await Promise.all([first, shares.claim(), shares.claim()]);
  assert.deepEqual(asked, [true, false]);
});
