import { outage } from '../helpers/drills/outage.ts';
import { report, say } from './report.ts';

/** InfluxDB away for two minutes at 5,000 messages a second. */
export async function soakOutage(kind: 'dead' | 'frozen'): Promise<boolean> {
  const result = await outage({ kind, devices: 250, perSec: 20, awayMs: 120_000, warmUpMs: 60_000, say });
  const { missing, strange, ...numbers } = result;
  report({ ...numbers, missing: missing.length, strange: strange.length, first: missing.slice(0, 5) });
  return (
    missing.length === 0 &&
    strange.length === 0 &&
    numbers.rssMostMib - numbers.rssBeforeMib < 64 &&
    numbers.drainedAfterSec < 120 &&
    numbers.ledger.imbalance === 0
  );
}
