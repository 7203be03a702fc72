import assert from 'node:assert/strict';
import { test } from 'node:test';
import { outage } from '../../helpers/drills/outage.ts';

for (const kind of ['dead', 'frozen'] as const) {
  test(`while InfluxDB is ${kind} devices are acked from the spool, and it has all of it afterwards`, async () => {
    const report = await outage({ kind, devices: 20, perSec: 20, awayMs: 3_500, warmUpMs: 500 });
    assert.ok(report.ackedMeanwhile > 500, `${report.ackedMeanwhile} acked meanwhile`);
    assert.ok(report.spooledAtReturn > 500, `${report.spooledAtReturn} spooled`);
    assert.deepEqual(report.missing, []);
    assert.deepEqual(report.strange, []);
    assert.equal(report.acked, report.sent);
    assert.equal(report.ledger.imbalance, 0);
  });
}
