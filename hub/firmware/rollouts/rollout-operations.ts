import type {
  DeviceUpdate,
  NewRollout,
  RolloutDevice,
  RolloutPreview,
  RolloutSummary,
  RolloutView,
} from '../../../schemas/api/firmware/rollouts.ts';
import type { UpdateState } from '../../../schemas/firmware/update-states.ts';
import { HubError } from '../../kernel/errors.ts';
import { withoutUndefined } from '../../kernel/without-undefined.ts';
import type { RolloutCaller } from './new-rollout.ts';
import { isFailure, type RolloutRecord, type RolloutTarget } from './rollout.ts';
import type { RolloutStore } from './rollout-store.ts';
import type { Rollouts } from './rollouts.ts';

type May = RolloutCaller['may'];
type StateCounts = Partial<Record<UpdateState, number>>;

/** Rollouts as operators see them. All may throw HubError `database-failed`. */
export interface RolloutOperations {
  preview(request: NewRollout, caller: RolloutCaller): Promise<RolloutPreview>;
  start(request: NewRollout, caller: RolloutCaller): Promise<RolloutView & { repeated: boolean }>;
  /** Newest first, those of which the caller may see every device. */
  list(limit: number, may: May): Promise<RolloutSummary[]>;
  /** @throws HubError `rollout-unknown` */
  show(id: string, may: May): Promise<RolloutView>;
  /** @throws HubError `rollout-unknown` */
  devices(
    id: string,
    query: { state?: UpdateState; after?: number; limit: number },
    may: May,
  ): Promise<{ devices: RolloutDevice[]; next: number | null }>;
  /** Of so many of the newest rollouts, those that this device is part of. @throws HubError `device-unknown` */
  updatesOf(device: string, limit: number): Promise<DeviceUpdate[]>;
  /** @throws HubError `rollout-unknown` · `rollout-conflict` · `forbidden` */
  change(id: string, what: 'pause' | 'resume' | 'cancel', caller: RolloutCaller): Promise<RolloutView>;
}

export function createRolloutOperations({
  rollouts,
  store,
  demandDevice,
}: {
  rollouts: Rollouts;
  store: RolloutStore;
  /** @throws HubError `device-unknown` */
  demandDevice: (id: string) => void;
}): RolloutOperations {
  /** To a caller who may see none of its devices it does not exist. */
  async function require(id: string, may: May = () => true): Promise<RolloutRecord> {
    const record = await rollouts.find(id);
    if (record === undefined || !record.targets.some(({ device }) => may(device)))
      throw new HubError('rollout-unknown', id);
    return record;
  }

  return {
    async preview(request, caller) {
      const { rollout, targets } = await rollouts.preview(request, caller);
      return { waves: rollout.waves, devices: targets.map(deviceOf) };
    },
    async start(request, caller) {
      const { record, repeated } = await rollouts.begin(request, caller);
      return { ...viewOf(record, caller.may), repeated };
    },
    async list(limit, may = () => true) {
      const summaries: RolloutSummary[] = [];
      for (const { id } of await store.list(limit)) {
        const record = await rollouts.find(id);
        if (record === undefined || !record.targets.every(({ device }) => may(device))) continue;
        const { looks: _, byWave: __, ...summary } = viewOf(record);
        summaries.push(summary);
      }
      return summaries;
    },
    async updatesOf(device, limit) {
      demandDevice(device);
      const updates: DeviceUpdate[] = [];
      for (const { id, type, version, status } of await store.list(limit)) {
        const record = await rollouts.find(id);
        const target = record?.targets.find((each) => each.device === device);
        if (target !== undefined) updates.push({ rollout: id, type, version, status, ...deviceOf(target) });
      }
      return updates;
    },
    show: async (id, may) => viewOf(await require(id, may), may),
    async devices(id, { state, after = 0, limit }, may = () => true) {
      const { targets } = await require(id, may);
      const devices: RolloutDevice[] = [];
      for (let index = after; index < targets.length; index += 1) {
        const target = targets[index];
        if (target === undefined || !may(target.device)) continue;
        if (state !== undefined && target.update.state !== state) continue;
        if (devices.length === limit) return { devices, next: index };
        devices.push(deviceOf(target));
      }
      return { devices, next: null };
    },
    change: async (id, what, caller) => viewOf(await rollouts.change(id, what, caller), caller.may),
  };
}

function viewOf({ rollout, targets }: RolloutRecord, may: May = () => true): RolloutView {
  const { sha256: _, seed: __, settled: ___, requester, looks, window, ...shown } = rollout;
  const { group, reason, endedMs, watchedMs: ____, gaps: _____, ...known } = shown;
  const seen = targets.filter(({ device }) => may(device));
  const states: StateCounts = {};
  const byWave = rollout.waves.map((): StateCounts => ({}));
  for (const { wave, update } of seen) {
    for (const counts of [states, byWave[wave - 1]])
      if (counts !== undefined) counts[update.state] = (counts[update.state] ?? 0) + 1;
  }
  return {
    ...known,
    ...withoutUndefined({ group, reason, endedMs, window }),
    ...requester,
    targets: seen.length,
    failures: seen.filter(({ update }) => isFailure(update)).length,
    states,
    byWave,
    looks: looks.map((look) => ({ ...look, devices: look.devices.filter(({ device }) => may(device)) })),
  };
}

function deviceOf({ device, wave, update }: RolloutTarget): RolloutDevice {
  const { state, sinceMs, reason, firmware, said, percent, error, troubles } = update;
  return {
    device,
    wave,
    state,
    sinceMs,
    ...withoutUndefined({ reason, firmware, said, percent, error }),
    troubles,
  };
}
