import { goodRollouts, rolloutDrill } from '../helpers/firmware/rollout-drill.ts';
import { report } from './report.ts';

const usualDevices = 300;
/** The whole rollout in scaled time: a firmware shows within so many seconds whether it is ill. */
const soakSec = 6;

/** A firmware that reboots every third device, in the middle of which the hub is killed, and a good one. */
export async function soakRollouts(devices = usualDevices): Promise<boolean> {
  const usual = { devices, soakSec, request: { maxFailures: devices / 10 }, timeoutMs: 600_000 };
  const ill = await rolloutDrill({
    ...usual,
    behaviorOf: (index) => (index % 3 === 0 ? 'ill' : 'good'),
    killInWave: 2,
  });
  const good = await rolloutDrill({ ...usual, behaviorOf: () => 'good', untilSettled: true });
  const stopped = ill.rollout.status === 'stopped' && ill.updated <= (devices * 45) / 300;
  const ended = good.rollout.status === 'finished' && good.rollout.states.succeeded === devices;
  const told = ({ rollout: { status, reason, states, looks }, updated, wavesSeen }: typeof ill): object => {
    const shown = looks.map(({ devices: _troubled, ...look }) => look);
    return { status, reason, states, updated, wavesSeen, looks: shown, named: looks.at(-1)?.devices };
  };
  report({ devices, ill: told(ill), good: told(good), stopped, ended });
  return stopped && ended;
}

const usualRounds = 20;

/** So many good firmwares one after the other, for the same devices: none may be stopped, and each device must have each. */
export async function soakGoodRollouts(rounds = usualRounds): Promise<boolean> {
  const devices = usualDevices;
  const told: object[] = [];
  const views = await goodRollouts(
    { devices, soakSec, rounds, timeoutMs: 900_000 },
    ({ status, reason, states, looks }, failed) => {
      const troubled = looks.reduce((sum, look) => sum + look.updatedTroubled, 0);
      const controlTroubled = looks.reduce((sum, look) => sum + look.controlTroubled, 0);
      const p = looks.map((look) => look.p);
      const round = { status, reason, states, troubled, controlTroubled, p, failed };
      told.push(round);
      process.stderr.write(`${JSON.stringify(round)}\n`);
    },
  );
  const whole = views.filter(({ status, states }) => status === 'finished' && states.succeeded === devices);
  report({
    devices,
    rounds,
    whole: whole.length,
    falseStops: views.filter(({ status }) => status === 'stopped').length,
    told,
  });
  return whole.length === rounds;
}
