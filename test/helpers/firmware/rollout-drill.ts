import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { parseCredentials } from '../../../device-sim/device/credentials.ts';
import { startFleet, type Fleet } from '../../../device-sim/device/fleet.ts';
import type { UpdateBehavior } from '../../../device-sim/device/simulated-firmware.ts';
import { callApi } from '../../../hub/cli/admin-client.ts';
import { isSettledUpdate, type UpdateState } from '../../../schemas/firmware/update-states.ts';
import type { NewRollout, RolloutDevice, RolloutView } from '../../../schemas/api/firmware/rollouts.ts';
import { spawnHub, type HubProcess } from '../services/process.ts';
import { temporaryFolder } from '../services/guard.ts';
import { waitFor } from '../wait-for.ts';
import { addFirmware } from './add-firmware.ts';

export interface RolloutDrill {
  devices: number;
  /** What each device does with the firmware; each says that it succeeded. */
  behaviorOf: (index: number) => UpdateBehavior;
  soakSec: number;
  /** The hub is killed while this wave is under way, and started again on the same data. */
  killInWave?: number;
  /** Beside what is usual. */
  request?: Partial<NewRollout>;
  /** Waits for each device, and not only for the end of the waves. */
  untilSettled?: true;
  timeoutMs: number;
}

export interface DrillResult {
  rollout: RolloutView;
  /** Devices that ever ran the new version. */
  updated: number;
  /** The waves under way, one after the other. */
  wavesSeen: number[];
}

const version = '2.0.0';

/** A rollout by a real hub to simulated devices with the SDK, over TLS, in the usual waves. */
export async function rolloutDrill(drill: RolloutDrill): Promise<DrillResult> {
  const { soakSec, killInWave, request, untilSettled, timeoutMs } = drill;
  const lab = await startLab(drill);
  const wavesSeen: number[] = [];
  const updated = new Set<string>();
  const look = (): void => {
    for (const device of lab.fleet.devices) if (device.firmware === version) updated.add(device.id);
  };
  try {
    await begin(lab.hub, { id: 'r-1', version, soakSec, ...request });
    let isKilled = killInWave === undefined;
    const rollout = await waitFor(
      async () => {
        look();
        if (!isKilled && (await show(lab.hub, 'r-1')).wave === killInWave) {
          isKilled = true;
          await lab.restart();
        }
        const view = await show(lab.hub, 'r-1');
        if (view.wave !== wavesSeen.at(-1)) wavesSeen.push(view.wave);
        return view.status === 'running' || (untilSettled === true && !isSettled(view)) ? undefined : view;
      },
      { what: 'the end of the rollout', timeoutMs, everyMs: 200 },
    );
    look();
    return { rollout, updated: updated.size, wavesSeen };
  } finally {
    await lab.close();
  }
}

/**
 * The same devices are brought to one good firmware after the other; one device that fails would stop a rollout.
 * @returns each rollout as it ended
 */
export async function goodRollouts(
  drill: Pick<RolloutDrill, 'devices' | 'soakSec' | 'timeoutMs'> & { rounds: number },
  ended: (view: RolloutView, failed: readonly RolloutDevice[]) => void = () => undefined,
): Promise<RolloutView[]> {
  const { rounds, soakSec, timeoutMs } = drill;
  const lab = await startLab({ ...drill, behaviorOf: () => 'good' });
  try {
    const views: RolloutView[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      const id = `good-${round}`;
      await begin(lab.hub, { id, version: `2.${round}.0`, soakSec, maxFailures: 0 });
      const what = `the end of rollout ${round}`;
      const view = await waitFor(
        async () => {
          const seen = await show(lab.hub, id);
          return seen.status === 'running' || !isSettled(seen) ? undefined : seen;
        },
        { what, timeoutMs, everyMs: 200 },
      );
      ended(view, await failedOf(lab.hub, id));
      views.push(view);
    }
    return views;
  } finally {
    await lab.close();
  }
}

interface Lab {
  readonly hub: HubProcess;
  readonly fleet: Fleet;
  /** Kills the hub, and starts it on the same data. */
  restart: () => Promise<void>;
  close: () => Promise<void>;
}

/** A hub, and devices that are connected to it. */
async function startLab({
  devices,
  behaviorOf,
  soakSec,
}: Pick<RolloutDrill, 'devices' | 'behaviorOf' | 'soakSec'>): Promise<Lab> {
  const folder = temporaryFolder('rollout');
  let hub = await spawnHub({ dataDir: folder.path });
  const env = { HUB_DEVICE_LISTEN: `127.0.0.1:${new URL(hub.deviceUrl).port}` };
  let fleet: Fleet | undefined;
  const close = async (): Promise<void> => {
    await fleet?.close();
    await hub.close();
    folder.remove();
  };
  try {
    const many = ['--count', String(devices), '--prefix', 'r-', '--type', 'env-sensor@1', '--json'];
    const { stdout } = await hub.cli(['device', 'add', ...many]);
    fleet = startFleet({
      url: hub.deviceUrl,
      ca: readFileSync(join(hub.dataDir, 'tls/ca.crt'), 'utf8'),
      seed: 'rollout',
      staggerMs: devices * 15,
      intervalSec: 30,
      // Well after the boot, and within the soak time.
      illAfterMs: 1_500 + (soakSec * 1_000) / 3,
      members: parseCredentials(stdout).map((credential, index) => ({
        ...credential,
        type: 'env-sensor@1',
        updates: behaviorOf(index),
      })),
    });
    const started = fleet;
    await waitFor(async () => started.counters().online === devices, {
      what: 'all devices are there',
      timeoutMs: 60_000 + devices * 100,
    });
    return {
      get hub() {
        return hub;
      },
      fleet: started,
      async restart() {
        await hub.kill('SIGKILL');
        hub = await spawnHub({ dataDir: folder.path, env });
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function begin(hub: HubProcess, request: Omit<NewRollout, 'type' | 'to'>): Promise<void> {
  await addFirmware(hub, randomBytes(20_000), { version: request.version });
  const body = { type: 'env-sensor', to: 'all', ...request };
  await callApi(join(hub.dataDir, 'hub.sock'), 'POST /api/v1/rollouts', { body });
}

async function failedOf({ dataDir }: HubProcess, id: string): Promise<readonly RolloutDevice[]> {
  const asked = { params: { id }, query: { state: 'failed' as const } };
  return (await callApi(join(dataDir, 'hub.sock'), 'GET /api/v1/rollouts/{id}/devices', asked)).devices;
}

function isSettled({ states }: RolloutView): boolean {
  return Object.keys(states).every((state) => isSettledUpdate(state as UpdateState));
}

function show({ dataDir }: HubProcess, id: string): Promise<RolloutView> {
  return callApi(join(dataDir, 'hub.sock'), 'GET /api/v1/rollouts/{id}', { params: { id } });
}
