import type { FirmwareView, NewFirmwareLink } from '../../schemas/api/firmware/firmware.ts';
import { HubError } from '../kernel/errors.ts';
import { withoutUndefined } from '../kernel/without-undefined.ts';
import type { Artifact } from './artifacts/artifact.ts';
import type { Bytes } from './artifacts/artifact-store.ts';
import type { Artifacts, NewArtifact } from './artifacts/artifacts.ts';
import type { Rollouts } from './rollouts/rollouts.ts';

/** Firmware as operators see it. */
export interface FirmwareOperations {
  /** Newest first. */
  list(): FirmwareView[];
  /** @throws HubError `firmware-unknown` */
  show(type: string, version: string): FirmwareView;
  /** @throws HubError as `Artifacts.add` */
  add(given: NewArtifact, bytes: Bytes, actor: string): Promise<FirmwareView>;
  /** @throws HubError as `Artifacts.link` */
  link(given: NewFirmwareLink, actor: string): Promise<FirmwareView>;
  /** @throws HubError `firmware-unknown` · `firmware-in-use` · `database-failed` */
  remove(type: string, version: string): Promise<void>;
}

/** The file of an artifact that a device may have now; undefined: it may not, or the file is gone. */
export function fileForDevice({
  artifacts,
  rollouts,
}: {
  artifacts: Pick<Artifacts, 'open'>;
  rollouts: Pick<Rollouts, 'mayDownload'>;
}): (device: string, sha256: string) => Promise<Awaited<ReturnType<Artifacts['open']>> | undefined> {
  return async (device, sha256) =>
    rollouts.mayDownload(device, sha256) ? artifacts.open(sha256) : undefined;
}

export function createFirmwareOperations({
  artifacts,
  rollouts,
}: {
  artifacts: Artifacts;
  rollouts: Pick<Rollouts, 'rolloutsOf'>;
}): FirmwareOperations {
  const viewOf = (artifact: Artifact): FirmwareView => {
    const { signature, url, ...known } = artifact;
    return {
      ...known,
      ...withoutUndefined({ signature, url }),
      signed: signature !== undefined,
      damaged: artifacts.isDamaged(artifact),
      rollouts: rollouts.rolloutsOf(artifact),
    };
  };
  return {
    list: () => artifacts.list().map(viewOf),
    show: (type, version) => viewOf(artifacts.require(type, version)),
    add: async (given, bytes, actor) => viewOf(await artifacts.add(given, bytes, actor)),
    link: async (given, actor) => viewOf(await artifacts.link(given, actor)),
    async remove(type, version) {
      const artifact = artifacts.require(type, version);
      const [rollout] = rollouts.rolloutsOf(artifact);
      if (rollout !== undefined)
        throw new HubError('firmware-in-use', `rollout ${rollout} has not ended; cancel it first`);
      await artifacts.remove(artifact);
    },
  };
}
