/** Runs one long scenario: `npm run soak -- kills`. Prints what it sees; exits 1 when a promise was broken. */
import { soakKills } from './kills.ts';
import { soakNoisy } from './noisy.ts';
import { soakOutage } from './outage.ts';

const scenarios: Readonly<Record<string, () => Promise<boolean>>> = {
  kills: soakKills,
  noisy: soakNoisy,
  'outage-dead': () => soakOutage('dead'),
  'outage-frozen': () => soakOutage('frozen'),
};

const name = process.argv[2] ?? '';
const scenario = Object.hasOwn(scenarios, name) ? scenarios[name] : undefined;
if (scenario === undefined) {
  process.stderr.write(`which one? ${Object.keys(scenarios).join(', ')}\n`);
  process.exitCode = 2;
} else {
  process.exitCode = (await scenario()) ? 0 : 1;
}
