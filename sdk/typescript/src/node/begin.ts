import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Device, type DeviceSettings } from '../device/device.ts';
import { fileMemory } from './file-memory.ts';
import { fileStore } from './file-store.ts';
import { sleepClock } from './sleep-clock.ts';
import { wsLinks } from './ws-link.ts';

export interface NodeSettings extends Omit<DeviceSettings, 'openLink'> {
  /** The hub's CA, as PEM or as the file with it. Only this CA is trusted. Without it, those of Node are. */
  ca?: string | undefined;
  /** A folder for readings, secrets, commands and the twin, which then outlive a reboot; one for each device. Without it, nothing does. */
  state?: string | undefined;
  openLink?: DeviceSettings['openLink'];
}

/**
 * Makes a device, and connects it.
 * @throws TypeError for a URL that is none of a hub; Error when the CA is none, or a file cannot be used
 */
export function begin(settings: NodeSettings): Promise<Device> {
  return new Promise((resolve) => {
    const device = makeDevice(settings);
    device.wake();
    resolve(device);
  });
}

/** As `begin`, but nothing happens before `wake`. @throws as `begin` */
export function makeDevice({ ca, state, ...settings }: NodeSettings): Device {
  return new Device({
    clock: sleepClock(),
    openLink: wsLinks({ ca: ca === undefined ? undefined : pemOf(ca) }),
    ...(state === undefined
      ? {}
      : { store: fileStore(join(state, 'readings.jsonl')), memory: fileMemory(state) }),
    ...settings,
  });
}

function pemOf(ca: string): string {
  return ca.includes('-----BEGIN') ? ca : readFileSync(ca, 'utf8');
}
