/** Runs one long scenario at full size: `npm run soak -- commands`. Prints what it saw; fails when a promise broke. */
import { commandChaos } from './command-chaos.ts';
import { groupStop } from './group-stop.ts';

const scenarios: Readonly<Record<string, () => Promise<unknown>>> = {
  commands: commandChaos,
  group: groupStop,
};

const [name = ''] = process.argv.slice(2);
const scenario = Object.hasOwn(scenarios, name) ? scenarios[name] : undefined;
if (scenario === undefined) {
  process.stderr.write(`which one? ${Object.keys(scenarios).join(', ')}\n`);
  process.exitCode = 2;
} else {
  process.stdout.write(`${JSON.stringify(await scenario(), undefined, 2)}\n`);
}
