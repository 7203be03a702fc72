import { seededRandom } from '../../device-sim/device/random.ts';
import { hubFaults, type HubFault } from '../helpers/drills/hubs/befall.ts';
import { hubChaos, shuffled } from '../helpers/drills/hubs/hub-chaos.ts';
import { report, say } from './report.ts';

/** Rounds against one set of servers, before all is made anew. */
const roundsOfOne = 11;

/**
 * Three hubs that are one, and everything that may befall them: `npm run soak -- hubs [rounds] [seed] [fault,fault]`. A finding is
 * seen again with its seed.
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
    say(`seed ${seed}, from round ${done + 1}`);
    const found = await hubChaos({
      hubs: 3,
      devices: 50,
      perSec: 4,
      commandsPerSec: 10,
      faults,
      random,
      say,
    });
    const { missing, strange, faults: broken } = found;
    const wrong = [missing, strange, ...Object.values(broken)].flat();
    report({ ...found, missing: missing.length, strange: strange.length, wrong: wrong.slice(0, 10) });
    ok &&= wrong.length === 0 && found.acked === found.sent;
  }
  return ok;
}
