/** Long scenarios at full size: `npm run soak -- NAME [devices]`, seconds for `outages`, minutes for `fuzz` and `strangers`, rounds for `hubs` and `good-rollouts`, or inputs for `sdk-c` and `sdk-python`. Exits 1 when a promise was broken. */

import { soakClock } from './clock.ts';
import { soakBackup } from './backup.ts';
import { commandChaos } from './command-chaos.ts';
import { groupStop } from './group-stop.ts';
import { rotateUnderCuts } from '../helpers/drills/rotation-scenario.ts';
import { soakHubs, soakOutages, soakRollingHubs } from './hubs.ts';
import { soakKills } from './kills.ts';
import { soakNoisy } from './noisy.ts';
import { soakOutage } from './outage.ts';
import { soakStrangers } from './answers-of-strangers.ts';
import { soakFuzz } from './fuzz.ts';
import { soakSdkC } from './sdk-c.ts';
import { soakSdkPython } from './sdk-python.ts';
import { report } from './report.ts';
import { soakGoodRollouts, soakRollouts } from './rollouts.ts';
import { soakFloods } from './strangers.ts';
import { halfOpen, restarts, rolling, siteLoss, stall } from './scenarios.ts';
import { verdict, type Numbers } from './verdicts.ts';

/** @param given devices, minutes or inputs @param more of the scenario */
type Scenario = (given: number | undefined, more: readonly string[]) => Promise<boolean>;

const usualDevices = 1_000;

/** Prints what a scenario saw; it throws when a promise was broken. */
function printed(scenario: (devices: number) => Promise<unknown>): Scenario {
  return async (devices = usualDevices) => {
    process.stdout.write(`${JSON.stringify(await scenario(devices), undefined, 2)}\n`);
    return true;
  };
}

/** Prints what a scenario saw beside what is promised of it. */
function judged(name: string, scenario: (devices: number) => Promise<Numbers>): Scenario {
  return async (devices = usualDevices) => {
    const numbers = await scenario(devices);
    const checks = verdict(name, numbers);
    const ok = checks.every((check) => check.ok);
    report({ scenario: name, ...numbers, checks, ok });
    return ok;
  };
}

const scenarios: Readonly<Record<string, Scenario>> = {
  kills: soakKills,
  hubs: soakHubs,
  'rolling-hubs': soakRollingHubs,
  outages: soakOutages,
  clock: soakClock,
  answers: soakStrangers,
  backup: soakBackup,
  strangers: soakFloods,
  fuzz: soakFuzz,
  'sdk-c': soakSdkC,
  'sdk-python': soakSdkPython,
  noisy: soakNoisy,
  rollouts: soakRollouts,
  'good-rollouts': soakGoodRollouts,
  'outage-dead': () => soakOutage('dead'),
  'outage-frozen': () => soakOutage('frozen'),
  commands: printed(commandChaos),
  group: printed(groupStop),
  stall: judged('stall', stall),
  restarts: judged('restarts', restarts),
  'half-open': judged('half-open', halfOpen),
  rolling: judged('rolling', rolling),
  'site-loss': judged('site-loss', siteLoss),
  rotation: printed(rotateUnderCuts),
};

const [name = '', given, ...more] = process.argv.slice(2);
const scenario = Object.hasOwn(scenarios, name) ? scenarios[name] : undefined;
if (scenario === undefined) {
  const what = name === '' ? 'which soak?' : `no such soak: ${name};`;
  process.stderr.write(`${what} there are ${Object.keys(scenarios).join(', ')}\n`);
  process.exitCode = 2;
} else {
  process.exitCode = (await scenario(given === undefined ? undefined : Number(given), more)) ? 0 : 1;
}
