import type { Cancel, Clock } from '../../schemas/time/clock.ts';
import type { Device } from '../../sdk/typescript/src/node.ts';
import type { Fleet, FleetMember } from '../device/fleet.ts';

/** The devices that have trouble. `troubleText` says what an operator sees of it. */
const leaking = 'valve-2';
const broken = 'env-19';
const flapping = 'env-18';
const rollingBack = 'env-17';

/** Beyond what the type accepts, so the reading is refused. */
const impossibleCelsius = 900;
/** One in this many readings of the broken sensor is impossible. */
const brokenEvery = 3;
/** The time between two breaks of the flapping device's connection, ms: often enough for an incident. */
const flapMs = 4_000;
const leakMs = 30_000;

export const troubleText = [
  'Trouble on purpose:',
  '',
  `  ${leaking}     leaks: a critical event, and an alarm`,
  `  ${rollingBack}      goes back to its old firmware: a failure of the rollout`,
  `  ${broken}      sends impossible temperatures: refused readings, with field and rule`,
  `  ${flapping}      connects and disconnects again and again: an incident`,
  '',
].join('\n');

/** The members with the faults of their sensors. */
export function troubled(members: readonly FleetMember[]): FleetMember[] {
  let readings = 0;
  return members.map((member) => {
    if (member.id === rollingBack) return { ...member, updates: 'rolls-back' };
    if (member.id !== broken) return member;
    return {
      ...member,
      alter(data) {
        readings += 1;
        return readings % brokenEvery === 0 ? { ...data, temperature: impossibleCelsius } : data;
      },
    };
  });
}

/** Starts the repeated troubles. @param clients the present client of each device @returns ends the troubles */
export function startTroubles(fleet: Fleet, clients: ReadonlyMap<string, Device>, clock: Clock): Cancel {
  const leak = (): void => {
    void clients.get(leaking)?.report('leak', 'critical', { rate: 3.5, zone: 'cellar' });
  };
  const flap = (): void => fleet.devices.find(({ id }) => id === flapping)?.behave('cut');
  leak();
  const ends = [clock.every(leakMs, leak), clock.every(flapMs, flap)];
  return () => {
    for (const end of ends) end();
  };
}
