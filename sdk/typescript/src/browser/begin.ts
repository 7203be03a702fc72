import type { HubMemory, HubStore } from '../core/ports.ts';
import { Device, type DeviceSettings } from '../device/device.ts';
import { openPageState } from './page-database.ts';
import { pageLinks } from './page-link.ts';

export interface PageSettings extends Omit<DeviceSettings, 'openLink'> {
  /**
   * The name of an IndexedDB for readings, secrets, commands and the twin, which then outlive a reload; one for each device. Without
   * it, nothing does.
   */
  state?: string | undefined;
  openLink?: DeviceSettings['openLink'];
}

/**
 * Makes a device, and connects it.
 * @throws TypeError for a URL that is none of a hub; Error when the browser keeps nothing for this page
 */
export async function begin({ state, ...settings }: PageSettings): Promise<Device> {
  const troubles: string[] = [];
  let complain = (what: string): void => void troubles.push(what);
  const kept: { store?: HubStore; memory?: HubMemory } =
    state === undefined ? {} : await openPageState(state, (what) => complain(what));
  const device = new Device({ openLink: pageLinks, ...kept, ...settings });
  complain = (what) => device.complain(what);
  troubles.forEach(complain);
  device.wake();
  return device;
}
