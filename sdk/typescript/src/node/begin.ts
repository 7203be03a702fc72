import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OfferedUpdate } from '../../../../schemas/protocol/hub-frames.ts';
import { Device, type DeviceSettings } from '../device/device.ts';
import { followUpdates } from '../firmware/firmware-updates.ts';
import { FolderFile, type FirmwareFile } from './firmware-file.ts';
import { hubFirmware } from './firmware-source.ts';
import { fileMemory } from './file-memory.ts';
import { fileStore } from './file-store.ts';
import { sleepClock } from './sleep-clock.ts';
import { lockFolder } from './state-lock.ts';
import { wsLinks } from './ws-link.ts';

export interface NodeSettings extends Omit<DeviceSettings, 'openLink'> {
  /** The hub's CA, as PEM or as the file with it. Only this CA is trusted. Without it, those of Node are. */
  ca?: string | undefined;
  /** A folder for readings, secrets, commands and the twin, which then outlive a reboot; one for each device. Without it, nothing does. It is locked as long as the device is not closed. */
  state?: string | undefined;
  openLink?: DeviceSettings['openLink'];
  /** Takes new firmware from the hub. Without it the device ignores what it should run. */
  updates?: UpdateSettings | undefined;
}

export interface UpdateSettings {
  /** Where the file comes to: a folder of its own, so that what has come outlives a reboot, or another place. */
  file: string | FirmwareFile;
  /** The public key of who signs firmware, Ed25519 as PEM: then what is not signed with it is rejected. */
  key?: string | undefined;
  /**
   * Installs the verified file (`path` with a folder) and runs it: a new boot whose setting `firmware` is the version. What it
   * throws is reported as the failure.
   */
  apply: (update: OfferedUpdate, path: string | undefined) => void | Promise<void>;
}

/**
 * Makes a device, and connects it.
 * @throws TypeError for a URL that is none of a hub; Error when the CA is none, a file cannot be used, or the state is that of another device
 */
export function begin(settings: NodeSettings): Promise<Device> {
  return new Promise((resolve) => {
    const device = makeDevice(settings);
    device.wake();
    resolve(device);
  });
}

/** As `begin`, but nothing happens before `wake`. @throws as `begin` */
export function makeDevice({ ca, state, updates, ...settings }: NodeSettings): Device {
  const pem = ca === undefined ? undefined : pemOf(ca);
  const clock = settings.clock ?? sleepClock();
  const openLink = wsLinks({ ca: pem });
  const device = withState(state, (kept) => new Device({ openLink, ...kept, ...settings, clock }));
  if (updates !== undefined) {
    const { file: given, key, apply } = updates;
    const file = typeof given === 'string' ? new FolderFile(given) : given;
    const credential = (): string => `${device.credential.id}:${device.credential.secret}`;
    const source = hubFirmware({ url: settings.url, ca: pem, credential, file, key });
    const path = (): string | undefined => (file instanceof FolderFile ? file.path : undefined);
    const { random = Math.random } = settings;
    followUpdates({ device, source, apply: (update) => apply(update, path()), clock, random });
  }
  return device;
}

/** Makes a device with the files of its folder, which is its own until it ends. */
function withState(
  state: string | undefined,
  make: (kept: Pick<DeviceSettings, 'store' | 'memory'>) => Device,
): Device {
  if (state === undefined) return make({});
  const unlock = lockFolder(state);
  try {
    const device = make({ store: fileStore(join(state, 'readings.jsonl')), memory: fileMemory(state) });
    device.on('ended', unlock);
    return device;
  } catch (error) {
    unlock();
    throw error;
  }
}

function pemOf(ca: string): string {
  return ca.includes('-----BEGIN') ? ca : readFileSync(ca, 'utf8');
}
