import { seededRandom } from '../../device-sim/device/random.ts';
import { killRounds } from '../helpers/drills/kill-rounds.ts';
import { report, say } from './report.ts';

/** 100 rounds of random kills under load from 50 devices that do commands. */
export async function soakKills(): Promise<boolean> {
  const result = await killRounds({
    devices: 50,
    perSec: 5,
    commandsPerSec: 5,
    rounds: 100,
    random: seededRandom('kills'),
    say,
  });
  const { missing, strange, falselyOffline, ...numbers } = result;
  report({
    ...numbers,
    missing: missing.length,
    strange: strange.length,
    falselyOffline,
    first: missing.slice(0, 5),
  });
  return (
    missing.length === 0 &&
    strange.length === 0 &&
    falselyOffline.length === 0 &&
    numbers.ledger.imbalance === 0 &&
    numbers.imbalances === 0 &&
    numbers.acked === numbers.sent
  );
}
