import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTelemetryAdministration } from '../../../hub/admin/telemetry-administration.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { storedDevice } from '../../helpers/stores/stored-device.ts';
import { silentLog } from '../../helpers/silent-log.ts';
import { testPipeline } from '../../helpers/hubs/pipeline.ts';

/** Three thousand dead letters of five accounts in turn. */
async function start() {
  const { ledger, spool, link } = testPipeline({
    store: { write: () => Promise.resolve({ kind: 'stored' }), probe: () => Promise.resolve('a store') },
    clock: new ManualClock(),
    log: silentLog,
  });
  const devices = ['w-1', 'e-1', 'w-1', '', 'e-2'];
  const lines = Array.from({ length: 3_000 }, (_, n) => {
    const device = devices[n % devices.length];
    return device === '' ? `hub v=1 ${n}` : `m,device=${device} v=1 ${n}`;
  });
  await spool.addDeadLetters(lines.map((line) => ({ line, reason: 'refused' })));
  for (const [id, points] of [
    ['e-1', 3],
    ['e-2', 4],
    ['w-1', 100],
  ] as const) {
    const account = ledger.account(id);
    ledger.received(account, points);
    ledger.rejected(account, 'schema', 1);
    ledger.taken(account, points - 1);
  }
  const registered = new Set(['e-1', 'e-2', 'e-3', 'w-1', 'w-3']);
  const registry = { get: (id: string) => (registered.has(id) ? storedDevice(id) : undefined) };
  return createTelemetryAdministration({ registry, ledger, spool, link });
}

const east = (id: string): boolean => id.startsWith('e-');

test('who may see some devices gets their accounts and the sum of them, and nothing by code', async () => {
  const operations = await start();
  const { total, accounts, rejectedBy } = await operations.ledger(undefined, east);
  assert.deepEqual(
    accounts.map(({ id }) => id),
    ['e-1', 'e-2'],
  );
  assert.deepEqual([total.received, total.rejected, total.inFlight, total.imbalance], [7, 2, 5, 0]);
  assert.deepEqual(rejectedBy, {});
  assert.equal((await operations.ledger('e-1', east)).total.received, 3);
  await assert.rejects(operations.ledger('w-1', east), { code: 'device-unknown' });
  const whole = await operations.ledger();
  assert.equal(whole.total.received, 107);
  assert.deepEqual(whole.rejectedBy, { schema: 3 });
});

test('a device that has sent nothing has no account yet, and only one that nobody may know of is unknown', async () => {
  const operations = await start();
  assert.deepEqual((await operations.ledger('e-3')).accounts, []);
  const { accounts, total } = await operations.ledger('e-3', east);
  assert.deepEqual([accounts, total.received], [[], 0]);
  await assert.rejects(operations.ledger('e-4'), { code: 'device-unknown' });
  await assert.rejects(operations.ledger('w-3', east), { code: 'device-unknown' });
});

test('dead letters come page by page to whom they may be shown, none twice and none left out', async () => {
  const operations = await start();
  const seen: number[] = [];
  for (let afterId = 0; ;) {
    const page = await operations.deadLetters({ afterId, limit: 7 }, east);
    assert.ok(page.length <= 7);
    assert.ok(page.every(({ account }) => east(account)));
    seen.push(...page.map(({ id }) => id));
    const last = page.at(-1);
    if (last === undefined) break;
    afterId = last.id;
  }
  assert.equal(seen.length, 1_200);
  assert.equal(new Set(seen).size, 1_200);
  const [foreign] = await operations.deadLetters({ afterId: 0, limit: 1 });
  assert.ok(foreign);
  assert.equal(foreign.account, 'w-1');
  await assert.rejects(operations.deadLetter(foreign.id, east), { code: 'dead-letter-unknown' });
  assert.deepEqual(await operations.deadLetter(foreign.id), foreign);
});
