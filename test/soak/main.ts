/** Scenarios at full size, which take minutes: `npm run soak -- rotation`. */

import { rotateUnderCuts } from '../helpers/rotation-scenario.ts';

const scenarios: Readonly<Record<string, () => Promise<object>>> = {
  rotation: () => rotateUnderCuts(200),
};

const [name = ''] = process.argv.slice(2);
const scenario = Object.hasOwn(scenarios, name) ? scenarios[name] : undefined;
if (scenario === undefined) {
  process.stderr.write(`soak: name one of ${Object.keys(scenarios).join(', ')}\n`);
  process.exitCode = 2;
} else {
  process.stdout.write(`${JSON.stringify({ scenario: name, ...(await scenario()) })}\n`);
}
