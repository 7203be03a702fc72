import { answersOfStrangers } from '../helpers/drills/answers-of-strangers.ts';
import { httpStrangers } from '../helpers/services/http-strangers.ts';
import { mqttStrangers } from '../helpers/services/mqtt-strangers.ts';
import { report, say } from './report.ts';

/** Everything that can answer in place of the database and of the broker, each for three seconds under load. */
export async function soakStrangers(): Promise<boolean> {
  const { missing, strange, finals, ...numbers } = await answersOfStrangers({
    store: Object.keys(httpStrangers),
    broker: Object.keys(mqttStrangers),
    devices: 50,
    perSec: 20,
    holdMs: 3_000,
    say,
  });
  const wrongEnds = Object.entries(finals).filter(([, statuses]) => statuses.length !== 1);
  report({ ...numbers, missing: missing.length, strange: strange.length, wrongEnds });
  return (
    missing.length === 0 &&
    strange.length === 0 &&
    wrongEnds.length === 0 &&
    numbers.refused === 0 &&
    numbers.unnoticed.length === 0 &&
    numbers.ledger.deadLettered === 0 &&
    numbers.ledger.imbalance === 0
  );
}
