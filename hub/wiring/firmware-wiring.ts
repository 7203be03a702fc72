import { join } from 'node:path';
import { readFirmwareKey } from '../adapters/firmware-key.ts';
import { openArtifactFolder } from '../adapters/artifact-folder.ts';
import type { Downloads } from '../adapters/websocket/artifact-requests.ts';
import { newCommandId } from '../commands/command-id.ts';
import { Artifacts } from '../firmware/artifacts/artifacts.ts';
import { exposeFirmware } from '../firmware/firmware-metrics.ts';
import { createFirmwareOperations, type FirmwareOperations } from '../firmware/firmware-operations.ts';
import type { FleetDevice } from '../firmware/rollouts/frozen-targets.ts';
import { createRolloutOperations, type RolloutOperations } from '../firmware/rollouts/rollout-operations.ts';
import { Rollouts } from '../firmware/rollouts/rollouts.ts';
import { isAway } from '../presence/presence.ts';
import type { DeviceRecord } from '../registry/device-store.ts';
import type { Registry } from '../registry/registry.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { HubContext } from './context.ts';
import type { PresenceParts } from './presence-wiring.ts';
import type { HubState } from './state-wiring.ts';
import type { Telemetry } from './telemetry-wiring.ts';

export interface FirmwareParts {
  rollouts: Rollouts;
  /** To the devices' listener. */
  downloads: Downloads;
  /** To the operators' API. */
  operations: { firmware: FirmwareOperations; rollouts: RolloutOperations };
}

const mebibyte = 1_048_576;

interface Deps {
  state: HubState;
  registry: Registry;
  sessions: Sessions;
  telemetry: Pick<Telemetry, 'readingFollowers'>;
  presence: PresenceParts;
}

/** Firmware, and how devices come to it. @throws HubError `database-failed`, and an Error for a key that cannot be used */
export async function startFirmware(hub: HubContext, deps: Deps): Promise<FirmwareParts> {
  const { config, clock, log, random, metrics, releasers } = hub;
  const { registry, presence } = deps;
  const { audit, catalog, stores } = deps.state;
  const { firmwareMaxMib, firmwareKey, artifactDownloads, dataDir, diskReserveMib } = config;
  const artifacts = new Artifacts({
    clock,
    log,
    store: stores.artifacts,
    files: await openArtifactFolder(join(dataDir, 'firmware'), diskReserveMib * mebibyte),
    maxBytes: firmwareMaxMib * mebibyte,
    key: firmwareKey === undefined ? undefined : readFirmwareKey(firmwareKey),
    isType: (name) => catalog.all().some((type) => type.name === name),
  });
  await artifacts.load();
  const store = stores.rollouts;
  const rollouts = new Rollouts({
    clock,
    log,
    audit,
    store,
    artifacts,
    random,
    newId: () => newCommandId(clock.now(), random),
    select: async (selector) =>
      (await registry.select(selector)).map((device) => fleetDevice(registry.require(device), deps)),
    groups: () => stores.groupCommands.groups(),
    followers: [
      {
        updateMoved: (device, { id, version }, { state, reason }) =>
          presence.events.record(device, { kind: 'update', rollout: id, version, state, reason }),
      },
    ],
  });
  await rollouts.start();
  releasers.push('rollouts', () => rollouts.close());
  deps.telemetry.readingFollowers.follow(rollouts);
  presence.followers.follow(rollouts);
  exposeFirmware(metrics, { artifacts, rollouts });
  return {
    rollouts,
    downloads: {
      slots: artifactDownloads,
      fileFor: async (device, sha256) =>
        rollouts.mayDownload(device, sha256) ? artifacts.open(sha256) : undefined,
    },
    operations: {
      firmware: createFirmwareOperations({ artifacts, rollouts }),
      rollouts: createRolloutOperations({ rollouts, store }),
    },
  };
}

function fleetDevice({ id, site, type }: DeviceRecord, { sessions, presence }: Deps): FleetDevice {
  const session = sessions.get(id);
  const here = session?.isOpen === true;
  return {
    id,
    site,
    type,
    deviceType: sessions.typeOf(id),
    boot: here ? session.boot : undefined,
    firmware: presence.keeper.session(id)?.session.firmware,
    here,
    away: !here && isAway(presence.keeper.get(id)),
  };
}
