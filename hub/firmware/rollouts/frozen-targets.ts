import { typeName, type DeviceType } from '../../../schemas/index.ts';
import type { RolloutTarget } from './rollout.ts';
import { shuffled } from './update-order.ts';
import { newUpdate, type Update } from './update.ts';

/** A device as a rollout finds it. */
export interface FleetDevice {
  readonly id: string;
  readonly site: string;
  /** With its version: the one it was registered with. */
  readonly type: string;
  /** Of its newest session, or of its registration; undefined: the hub does not have it. */
  readonly deviceType: DeviceType | undefined;
  /** Of its newest session. */
  readonly boot: string | undefined;
  readonly firmware: string | undefined;
  readonly here: boolean;
  /** It is known not to be there. */
  readonly away: boolean;
}

/** The devices of a rollout, without their waves: those to update in their order, and those that are skipped. */
export interface FrozenTargets {
  readonly toUpdate: readonly { device: string; update: Update }[];
  readonly skipped: readonly RolloutTarget[];
}

/**
 * Fixes the devices of a rollout and their order. Devices that are away come last, so that the first waves are of devices that
 * show how they do.
 */
export function freezeTargets(
  devices: readonly FleetDevice[],
  { type, version, seed, nowMs }: { type: string; version: string; seed: number; nowMs: number },
): FrozenTargets {
  const skipped: RolloutTarget[] = [];
  const toUpdate: (FleetDevice & { former: string | undefined })[] = [];
  for (const device of devices) {
    const reason = whySkipped(device, type, version);
    if (reason === undefined) toUpdate.push({ ...device, former: device.firmware });
    else {
      const { id, boot, firmware, here, away } = device;
      const update = {
        ...newUpdate(nowMs, { boot, firmware, here, away }),
        state: 'skipped' as const,
        reason,
      };
      skipped.push({ device: id, wave: 0, update });
    }
  }
  const order = [
    ...shuffled(
      toUpdate.filter(({ away }) => !away),
      seed,
    ),
    ...shuffled(
      toUpdate.filter(({ away }) => away),
      seed,
    ),
  ];
  return {
    skipped,
    toUpdate: order.map(({ id, boot, firmware, here, away }) => ({
      device: id,
      update: newUpdate(nowMs, { boot, firmware, here, away }),
    })),
  };
}

function whySkipped(
  { type, deviceType, firmware }: FleetDevice,
  wanted: string,
  version: string,
): string | undefined {
  if (typeName(type) !== wanted) return 'other-type';
  // It would ignore a frame that it does not know, and look like one that never answers.
  if (deviceType?.updatesFirmware !== true) return 'not-updatable';
  return firmware === version ? 'already-there' : undefined;
}
