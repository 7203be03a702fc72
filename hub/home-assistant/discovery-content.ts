import type { DeviceType } from '../../schemas/index.ts';
import type { Log } from '../kernel/log.ts';
import type { KnownSession } from '../presence/last-session.ts';
import type { Registry } from '../registry/registry.ts';
import { discoveryOf, type DiscoveryOptions } from './discovery.ts';
import type { Part } from './discovery-publisher.ts';

export interface DiscoveryContentDeps {
  registry: Pick<Registry, 'get'>;
  typeOf: (device: string) => DeviceType | undefined;
  session: (device: string) => KnownSession | undefined;
  /** The version added last for devices of this type; undefined: no firmware has been added. */
  newestFirmwareOf: (type: string) => string | undefined;
}

/** A retained message of a device as it should be; empty: none should be retained. */
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
    return type.updatesFirmware && installed !== undefined
      ? JSON.stringify({ installed_version: installed, latest_version: newest ?? installed })
      : '';
  };
}

/** Warns of configured commands (`type/command`) that no device type has: they are never announced. */
export function reportMissingCommands(
  log: Log,
  names: readonly string[],
  types: readonly DeviceType[],
): void {
  const known = new Set(
    types.flatMap(({ name, commands }) => [...commands.keys()].map((each) => `${name}/${each}`)),
  );
  const missing = names.filter((name) => !known.has(name));
  if (missing.length > 0)
    log.warn({ missing }, 'HUB_HOME_ASSISTANT_COMMANDS names commands of no device type');
}

/** Topics to which Home Assistant publishes on the embedded broker: its birth and its last will. */
export function homeAssistantTopics({
  homeAssistant,
  homeAssistantPrefix,
}: {
  homeAssistant: 'on' | 'off';
  homeAssistantPrefix: string;
}): string[] {
  return homeAssistant === 'on' ? [`${homeAssistantPrefix}/status`] : [];
}
