import { seededRandom } from '../../device-sim/device/random.ts';
import { killRounds } from '../helpers/drills/kill-rounds.ts';
import { report, say } from './report.ts';

/** 20 rounds of random kills under load from 200 devices. */
export async function soakKills(): Promise<boolean> {
  const result = await killRounds({
    devices: 200,
    perSec: 5,
    rounds: 20,
    random: seededRandom('kills'),
    say,
  });
  const { missing, strange, ...numbers } = result;
  report({ ...numbers, missing: missing.length, strange: strange.length, first: missing.slice(0, 5) });
  return (
    missing.length === 0 &&
    strange.length === 0 &&
    numbers.ledger.imbalance === 0 &&
    numbers.imbalances === 0 &&
    numbers.acked === numbers.sent
  );
}
