import assert from 'node:assert/strict';
import type { AuditEntry } from '../../hub/audit/audit.ts';
import { contract } from '../helpers/stores/store-kinds.ts';

contract('the hub keeps its id for good and counts its starts', async (state) => {
  const id = await state.first.identity.hubId();
  assert.match(id, /^[\w-]{1,64}$/);
  assert.equal(await state.first.identity.nextIncarnation(), 1);
  assert.equal(await state.first.identity.hubId(), id);
  await state.restart();
  assert.equal(await state.first.identity.nextIncarnation(), 2);
  assert.equal(await state.first.identity.hubId(), id);
});

contract('the latest time and the progress of roll-ups are there after a restart', async (state) => {
  const { hubClock, upkeep } = state.stores;
  assert.deepEqual([await hubClock.lastMs(), await upkeep.load()], [0, undefined]);
  assert.equal(await hubClock.saveLastMs(1_700_000_000_000.5, 0), true);
  assert.equal(await hubClock.saveLastMs(1_700_000_000_000.25, 9), false, 'it was saved by somebody else');
  assert.equal(await hubClock.saveLastMs(1_700_000_000_000.25, 1_700_000_000_000.5), true);
  await upkeep.save(5);
  await upkeep.save(1_700_000_060_000);
  await state.restart();
  const { hubClock: clock, upkeep: progress } = state.stores;
  assert.deepEqual([await clock.lastMs(), await progress.load()], [1_700_000_000_000.25, 1_700_000_060_000]);
});

function entry(n: number): AuditEntry {
  return {
    timeMs: 1_000.5 + n,
    actor: n % 2 === 0 ? 'local' : 'operator:anna',
    origin: 'http',
    action: 'device.add',
    subject: `d-${n}`,
    outcome: 'done',
    details: { n },
  };
}

contract('the audit lists the newest that match, oldest first, and pages backwards', async (state) => {
  const store = state.auditOf(50);
  for (let n = 1; n <= 60; n += 1) await store.append(entry(n));
  const newest = await store.list({ limit: 3 });
  assert.deepEqual(
    newest.map(({ subject }) => subject),
    ['d-58', 'd-59', 'd-60'],
  );
  assert.deepEqual(newest[2], { seq: newest[2]?.seq, ...entry(60) });
  const [older] = await store.list({ limit: 1, before: newest[0]?.seq ?? 0, actor: 'operator:anna' });
  assert.equal(older?.subject, 'd-57');
  const [named] = await store.list({ limit: 9, subject: 'd-59', action: 'device.add' });
  assert.equal(named?.timeMs, 1_059.5);
  assert.deepEqual(await store.list({ limit: 9, subject: 'd-59', action: 'device.remove' }), []);
  for (const action of ['device', 'add'])
    assert.equal((await store.list({ limit: 9, subject: 'd-59', action })).length, 1, `by ${action} alone`);
  for (const action of ['dev', 'dd', 'e.add'])
    assert.deepEqual(await store.list({ limit: 9, action }), [], `${action} is neither subject nor verb`);
  assert.equal((await store.list({ limit: 100 })).length, 50, 'the oldest made room');
  const change = state.query("UPDATE audit SET outcome = 'refused'");
  await assert.rejects(change, /append-only/, 'no entry is ever changed');
});

contract(
  'the audit is found by a name alone, by what an action is about, and by a device with its commands',
  async (state) => {
    const store = state.auditOf(50);
    const rows = [
      ['operator:anna', 'device.add', 'd_1'],
      ['token:anna', 'command.send', 'd_1/c-7'],
      ['operator:joanna', 'device-type.publish', 'd-1/c-8'],
      ['hub', 'device.label', 'd_10'],
    ] as const;
    for (const [actor, action, subject] of rows) await store.append({ ...entry(1), actor, action, subject });
    const found = async (query: object): Promise<string[]> =>
      (await store.list({ limit: 9, ...query })).map(({ subject }) => subject);
    assert.deepEqual(await found({ actor: 'anna' }), ['d_1', 'd_1/c-7']);
    assert.deepEqual(await found({ actor: 'operator:anna' }), ['d_1']);
    assert.deepEqual(await found({ actor: 'hub' }), ['d_10']);
    assert.deepEqual(await found({ action: 'device' }), ['d_1', 'd_10']);
    assert.deepEqual(await found({ subject: 'd_1' }), ['d_1', 'd_1/c-7']);
    assert.deepEqual(await found({ subject: 'd_1/c-7', actor: 'anna' }), ['d_1/c-7']);
  },
);

contract('the audit is found by the time: from the first moment on, and before the second', async (state) => {
  const store = state.auditOf(50);
  for (let n = 1; n <= 9; n += 1) await store.append({ ...entry(n), timeMs: n * 10 });
  const found = async (query: object): Promise<string[]> =>
    (await store.list({ limit: 3, ...query })).map(({ subject }) => subject);
  assert.deepEqual(await found({ fromMs: 80 }), ['d-8', 'd-9']);
  assert.deepEqual(await found({ toMs: 40 }), ['d-1', 'd-2', 'd-3']);
  assert.deepEqual(await found({ fromMs: 20, toMs: 60 }), ['d-3', 'd-4', 'd-5'], 'the newest of them');
  assert.deepEqual(await found({ fromMs: 20, toMs: 60, actor: 'anna' }), ['d-3', 'd-5']);
  assert.deepEqual(await found({ fromMs: 91 }), []);
});

contract('whoever writes most entries makes room for all, and strangers are one', async (state) => {
  const store = state.auditOf(50);
  const by = (actor: string, n: number): AuditEntry => ({ ...entry(n), actor });
  for (let n = 0; n < 10; n += 1) await store.append(by('operator:anna', n));
  for (let n = 0; n < 200; n += 1) await store.append(by('token:greedy', n));
  for (let n = 0; n < 200; n += 1) await store.append(by(`address:10.0.0.${n}`, n));
  const held: Record<string, number> = {};
  for (const { actor } of await store.list({ limit: 100 })) {
    const source = actor.startsWith('address:') ? 'strangers' : actor;
    held[source] = (held[source] ?? 0) + 1;
  }
  assert.deepEqual(held, { 'operator:anna': 10, 'token:greedy': 20, strangers: 20 });
  const newest = await store.list({ limit: 1, actor: 'token:greedy' });
  assert.equal(newest[0]?.subject, 'd-199', 'of each, the oldest go first');
});
