import { seededRandom } from '../../device-sim/device/random.ts';
import { checkOut } from '../bench/revision.ts';
import { hubFaults, type HubFault } from '../helpers/drills/hubs/befall.ts';
import { hubChaos, shuffled, type HubChaosReport } from '../helpers/drills/hubs/hub-chaos.ts';
import { report, say } from './report.ts';

const soakLoad = { hubs: 3, devices: 50, perSec: 4, commandsPerSec: 10, random: Math.random, say };

/** Rounds against one set of servers, before all is made anew. */
const roundsOfOne = hubFaults.length;

/**
 * Three hubs that are one, and everything that may befall them: `npm run soak -- hubs [rounds] [seed] [fault,fault]`. A finding is
 * seen again with its seed. What InfluxDB does not take waits at each hub and in PostgreSQL by turns.
 */
export async function soakHubs(
  rounds = 100,
  [seed = String(Date.now()), only]: readonly string[] = [],
): Promise<boolean> {
  let ok = true;
  for (let done = 0; done < rounds; done += roundsOfOne) {
    const random = seededRandom(`${seed}-${done}`);
    const named = hubFaults.filter((fault) => only === undefined || only.split(',').includes(fault));
    const faults: HubFault[] = shuffled(named, random).slice(0, rounds - done);
    const spool = (done / roundsOfOne) % 2 === 0 ? 'local' : 'state';
    say(`seed ${seed}, from round ${done + 1}, spool ${spool}`);
    const found = await hubChaos({ ...soakLoad, faults, random, spool });
    ok = isRight(found) && ok;
  }
  return ok;
}

/**
 * Three hubs are started again one after the other, under load: `npm run soak -- rolling-hubs [devices] [revision]`. With a revision
 * of this repository they begin as that one, and become this one.
 */
export async function soakRollingHubs(devices = 100, [revision]: readonly string[] = []): Promise<boolean> {
  const older = revision === undefined ? undefined : checkOut(revision);
  try {
    const found = await hubChaos({
      ...soakLoad,
      devices,
      ...(older?.entry === undefined ? {} : { entry: older.entry }),
      faults: older === undefined ? ['roll'] : ['upgrade', 'roll'],
    });
    return isRight(found) && found.offline === 0;
  } finally {
    older?.remove();
  }
}

/** PostgreSQL, then the broker, is away for all hubs: `npm run soak -- outages [seconds]`. No session ends. */
export async function soakOutages(seconds = 20): Promise<boolean> {
  const found = await hubChaos({
    ...soakLoad,
    faults: ['postgres-away', 'broker-away'],
    awayMs: seconds * 1_000,
  });
  return isRight(found) && found.offline === 0 && found.lost.every(({ sessions }) => sessions === 0);
}

/** Prints what was found. */
function isRight(found: HubChaosReport): boolean {
  const { missing, strange, faults, acked, sent, refused } = found;
  const wrong = [missing, strange, ...Object.values(faults)].flat();
  report({ ...found, missing: missing.length, strange: strange.length, wrong: wrong.slice(0, 10) });
  return wrong.length === 0 && acked === sent && refused === 0;
}
