import type { DeviceType } from '../../schemas/index.ts';
import type { KnownSession } from '../presence/last-session.ts';
import type { Registry } from '../registry/registry.ts';
import { discoveryOf, type DiscoveryOptions } from './discovery.ts';
import type { Part } from './discovery-publisher.ts';

export interface DiscoveryContentDeps {
  registry: Pick<Registry, 'get'>;
  typeOf: (device: string) => DeviceType | undefined;
  session: (device: string) => KnownSession | undefined;
  /** The version added last for devices of this type; undefined: there is none. */
  newestFirmwareOf: (type: string) => string | undefined;
}

/** A retained message of a device as it should be; empty: there is none. */
export function discoveryContent(
  { registry, typeOf, session, newestFirmwareOf }: DiscoveryContentDeps,
  options: DiscoveryOptions,
): (device: string, part: Part) => string {
  return (device, part) => {
    const record = registry.get(device);
    const type = record && typeOf(device);
    if (record === undefined || type === undefined) return '';
    if (part === 'config') return JSON.stringify(discoveryOf(type, record, options));
    const installed = session(device)?.session.firmware;
    const newest = newestFirmwareOf(type.name);
    // JSON leaves out what is undefined.
    return type.updatesFirmware && installed !== undefined
      ? JSON.stringify({ installed_version: installed, latest_version: newest ?? installed })
      : '';
  };
}

/** Of these commands, as `type/command`, those that no device type has. */
export function missingCommands(names: readonly string[], types: readonly DeviceType[]): string[] {
  const isThere = (name: string): boolean =>
    types.some((type) => [...type.commands.keys()].some((each) => `${type.name}/${each}` === name));
  return names.filter((name) => !isThere(name));
}

/** Topics of Home Assistant's own on the embedded broker: it says there that it has come, and its will that it has gone. */
export function homeAssistantTopics({
  homeAssistant,
  homeAssistantPrefix,
}: {
  homeAssistant: 'on' | 'off';
  homeAssistantPrefix: string;
}): string[] {
  return homeAssistant === 'on' ? [`${homeAssistantPrefix}/status`] : [];
}
