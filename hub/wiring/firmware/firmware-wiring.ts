import { join } from 'node:path';
import { readFirmwareKey } from '../../adapters/firmware-key.ts';
import { openArtifactFolder } from '../../adapters/artifact-folder.ts';
import type { Downloads } from '../../adapters/websocket/artifact-requests.ts';
import { newCommandId } from '../../commands/command-id.ts';
import { Artifacts } from '../../firmware/artifacts/artifacts.ts';
import type { Publisher } from '../../bus/bus.ts';
import type { Topics } from '../../bus/topics.ts';
import { exposeFirmware } from '../../firmware/firmware-metrics.ts';
import {
  createFirmwareOperations,
  fileForDevice,
  type FirmwareOperations,
} from '../../firmware/firmware-operations.ts';
import {
  createRolloutOperations,
  type RolloutOperations,
} from '../../firmware/rollouts/rollout-operations.ts';
import { RolloutDevices } from '../../firmware/rollouts/rollout-devices.ts';
import { Rollouts } from '../../firmware/rollouts/rollouts.ts';
import { updateEvents } from '../../firmware/rollouts/update-events.ts';
import { UpdatePublisher } from '../../firmware/rollouts/update-publisher.ts';
import type { Registry } from '../../registry/registry.ts';
import type { Sessions } from '../../sessions/sessions.ts';
import type { HubContext } from '../context.ts';
import type { PresenceParts } from '../presence-wiring.ts';
import type { HubState } from '../state-wiring.ts';
import type { Telemetry } from '../telemetry-wiring.ts';

export interface FirmwareParts {
  rollouts: Rollouts;
  busConnected(): void;
  /** The version added last for devices of this type; undefined: there is none. */
  newestOf(type: string): string | undefined;
  /** Called when a firmware has come or gone. */
  follow(changed: () => void): void;
  /** To the devices' listener. */
  downloads: Downloads;
  /** To the operators' API. */
  operations: { firmware: FirmwareOperations; rollouts: RolloutOperations };
}

interface Deps {
  state: HubState;
  bus: Publisher;
  topics: Topics;
  registry: Registry;
  sessions: Sessions;
  telemetry: Pick<Telemetry, 'readingFollowers'>;
  presence: PresenceParts;
}

/** Firmware, and how devices come to it. @throws HubError `database-failed`, and an Error for a key that cannot be used */
export async function startFirmware(hub: HubContext, deps: Deps): Promise<FirmwareParts> {
  const { config, clock, log, random, metrics, releasers } = hub;
  const { registry, presence, bus, topics } = deps;
  const { audit, catalog, stores, hubIdentity } = deps.state;
  const { firmwareMaxMib, firmwareKey, artifactDownloads, dataDir, diskReserveMib } = config;
  const artifacts = new Artifacts({
    clock,
    log,
    store: stores.artifacts,
    files: await openArtifactFolder(join(dataDir, 'firmware'), diskReserveMib),
    maxMib: firmwareMaxMib,
    key: firmwareKey === undefined ? undefined : readFirmwareKey(firmwareKey),
    isType: (name) => catalog.all().some((type) => type.name === name),
  });
  await artifacts.load();
  const store = stores.rollouts;
  const publisher = new UpdatePublisher({ publisher: bus, topics, log, hub: hubIdentity });
  const rollouts = new Rollouts({
    clock,
    log,
    audit,
    store,
    artifacts,
    random,
    newId: () => newCommandId(clock.now(), random),
    devices: new RolloutDevices({ ...deps, presence: presence.keeper }),
    groups: () => stores.groupCommands.groups(),
    followers: [publisher, updateEvents(presence.events)],
  });
  await deps.state.leader.begin('rollouts', () => rollouts.start());
  releasers.push('rollouts', () => rollouts.close());
  deps.telemetry.readingFollowers.follow(rollouts);
  presence.followers.follow(rollouts);
  exposeFirmware(metrics, { artifacts, rollouts, publisher });
  return {
    rollouts,
    busConnected: () => publisher.busConnected(),
    newestOf: (type) => artifacts.newestOf(type),
    follow: (changed) => artifacts.follow(changed),
    downloads: {
      slots: artifactDownloads,
      fileFor: fileForDevice({ artifacts, rollouts }),
    },
    operations: {
      firmware: createFirmwareOperations({ artifacts, rollouts }),
      rollouts: createRolloutOperations({
        rollouts,
        store,
        demandDevice: (id) => void registry.require(id),
      }),
    },
  };
}
