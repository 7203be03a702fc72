import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Reconciliation } from '../../../hub/telemetry/reconciliation.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { silentLog } from '../../helpers/silent-log.ts';
import { testPipeline } from '../../helpers/hubs/pipeline.ts';

/** A pipeline whose store is away, with one spooled line and one dead letter. */
async function startReconciliation() {
  const clock = new ManualClock();
  const store = {
    write: () => Promise.resolve({ kind: 'unavailable' as const, reason: 'away' }),
    probe: () => Promise.reject(new Error('away')),
  };
  const { ledger, spool, disk, writer } = testPipeline({ store, clock, log: silentLog });
  const account = ledger.account('d-1');
  ledger.received(account, 2);
  ledger.taken(account, 2);
  await spool.append(['m,device=d-1 t=1 1'], { 'd-1': 1 }, 19);
  ledger.moved(account, 'inFlight', 'spooled', 1);
  await spool.addDeadLetters([{ line: 'm,device=d-1 t=2 2', reason: 'no' }]);
  ledger.moved(account, 'inFlight', 'deadLettered', 1);
  const reconciliation = new Reconciliation({ ledger, writer, spool, clock, log: silentLog });
  return { reconciliation, ledger, account, disk, clock };
}

test('a ledger that agrees with the buffer and the disk has no difference', async () => {
  const { reconciliation } = await startReconciliation();
  assert.deepEqual(await reconciliation.run(), []);
  assert.equal(reconciliation.failures, 0);
});

test('a point that was never entered in the ledger, or entered twice, is named with its account', async () => {
  const { reconciliation, ledger, account } = await startReconciliation();
  ledger.received(account, 1);
  assert.deepEqual(await reconciliation.run(), [
    'account (total) is out of balance by 1',
    'account d-1 is out of balance by 1',
  ]);
  ledger.taken(account, 1);
  assert.deepEqual(await reconciliation.run(), ['in the buffer: the ledger says 1, but there are 0']);
  assert.equal(reconciliation.failures, 2);
});

test('lines that vanish from the disk are noticed at the next run, which comes by itself', async () => {
  const { reconciliation, disk, clock } = await startReconciliation();
  disk.entries.length = 0;
  disk.letters = [];
  assert.deepEqual(await reconciliation.run(), [
    'in the spool: the ledger says 1, but there are 0',
    'among the dead letters: the ledger says 1, but there are 0',
  ]);
  reconciliation.start();
  clock.advance(10_000);
  await new Promise(setImmediate);
  assert.equal(reconciliation.failures, 2);
  reconciliation.close();
  clock.advance(60_000);
  await new Promise(setImmediate);
  assert.equal(reconciliation.failures, 2);
});
