import type { DeviceType } from '../../schemas/device-type.ts';
import { readJson } from '../../schemas/json-text.ts';
import type { PresenceState } from '../../schemas/presence-states.ts';
import type { Topics } from '../bus/topics.ts';
import { commandEntity } from './command-entities.ts';
import type { Availability, DeviceNames, Entity } from './entity.ts';
import { readingEntities } from './reading-entities.ts';
import { settingEntities } from './setting-entities.ts';

/** Retained on `{prefix}/device/{device}/config`: a whole device and its entities (Home Assistant's device discovery). */
export interface Discovery {
  device: {
    identifiers: readonly [string];
    name: string;
    model: string;
    model_id: string;
    suggested_area?: string;
  };
  origin: { name: string; sw_version: string };
  availability: readonly Availability[];
  availability_mode: 'all';
  components: Record<string, Entity>;
}

export interface DiscoveryOptions {
  topics: Topics;
  /** The first level of Home Assistant's topics. */
  prefix: string;
  /** The hub that publishes the presence of devices; undefined: any of several hubs, which take over from one another. */
  hubId: string | undefined;
  /** The version of this hub's software. */
  version: string;
  /** Commands beyond `observe` and `config` that are offered too, as `type/command`. */
  commands: ReadonlySet<string>;
}

const originName = 'device-hub';

/** States in which a device is available: it is connected, or away for a moment on purpose. */
const available = ['online', 'suspect', 'sleeping', 'migrating'] as const satisfies PresenceState[];
const isAvailable = `value_json.state in ${JSON.stringify(available).replaceAll('"', "'")}`;

/** Everything that is published to Home Assistant about a device of this type. */
export function discoveryOf(
  type: DeviceType,
  { id, site }: { id: string; site: string },
  options: DiscoveryOptions,
): Discovery {
  const { version: sw_version } = options;
  const names = namesOf(id, options);
  const ofDevice = {
    topic: names.topics.presence,
    value_template: `{{ 'online' if ${isAvailable} else 'offline' }}`,
  };
  return {
    device: {
      identifiers: [identifierOf(id, options)],
      name: id,
      model: type.title,
      model_id: type.id,
      ...(site === 'default' ? {} : { suggested_area: site }),
    },
    origin: { name: originName, sw_version },
    availability: [ofDevice, ...names.hubAvailability],
    availability_mode: 'all',
    components: Object.fromEntries(entitiesOf(type, names, options.commands)),
  };
}

/** Whether a message that is retained for the device was made by a hub with these topics. */
export function isDiscoveryOf(
  device: string,
  content: string,
  options: Pick<DiscoveryOptions, 'topics'>,
): boolean {
  const read = readJson(content);
  if (read.kind === 'unreadable') return false;
  const { device: known, origin } = (read.value ?? {}) as Partial<Discovery>;
  return origin?.name === originName && known?.identifiers?.[0] === identifierOf(device, options);
}

/** Identifies the device to Home Assistant: ids are unique only within one root of topics. */
function identifierOf(device: string, { topics }: Pick<DiscoveryOptions, 'topics'>): string {
  return `${topics.root.replaceAll('/', '-')}_${device}`;
}

function namesOf(device: string, options: DiscoveryOptions): DeviceNames {
  const { topics, prefix, hubId } = options;
  const identifier = identifierOf(device, options);
  return {
    device,
    uniqueId: (key) => `${identifier}_${key}`,
    topics: {
      presence: topics.presence(device),
      twin: topics.twin(device),
      twinDesired: topics.twinDesired(device),
      firmware: `${prefix}/device/${device}/firmware`,
      telemetry: (stream) => topics.telemetry(device, stream),
      event: (name) => topics.event(device, name),
      command: (name) => topics.command(device, name),
    },
    hubAvailability:
      hubId === undefined
        ? []
        : [
            {
              topic: topics.hub(hubId),
              value_template: "{{ 'online' if value_json.online else 'offline' }}",
            },
          ],
  };
}

function* entitiesOf(
  type: DeviceType,
  names: DeviceNames,
  commands: ReadonlySet<string>,
): Generator<readonly [string, Entity]> {
  const { definition } = type;
  yield connectivity(names);
  for (const stream of type.streams.values())
    yield* readingEntities(stream, definition.streams?.[stream.name]?.properties ?? {}, names);
  for (const name of type.events.keys()) yield event(name, definition.events?.[name]?.title, names);
  if (type.twin !== undefined) yield* settingEntities(type.twin.desired, names);
  for (const command of type.commands.values()) {
    const { name, safety } = command;
    if (safety !== 'observe' && safety !== 'config' && !commands.has(`${type.name}/${name}`)) continue;
    const entity = commandEntity(command, definition.commands?.[name]?.title, names);
    if (entity !== undefined) yield entity;
  }
  if (type.updatesFirmware) yield firmware(names);
}

function connectivity(names: DeviceNames): readonly [string, Entity] {
  return [
    'connectivity',
    {
      platform: 'binary_sensor',
      name: 'Connection',
      unique_id: names.uniqueId('connectivity'),
      device_class: 'connectivity',
      entity_category: 'diagnostic',
      // Shows "disconnected" rather than "unavailable" while the device is away.
      availability: names.hubAvailability,
      state_topic: names.topics.presence,
      value_template: `{{ 'ON' if ${isAvailable} else 'OFF' }}`,
    },
  ];
}

function event(name: string, title: string | undefined, names: DeviceNames): readonly [string, Entity] {
  const key = `event_${name}`;
  return [
    key,
    {
      platform: 'event',
      name: title ?? name,
      unique_id: names.uniqueId(key),
      event_types: [name],
      state_topic: names.topics.event(name),
      value_template: `{{ {'event_type': '${name}', 'severity': value_json.severity, 'data': value_json.data} | to_json }}`,
    },
  ];
}

function firmware(names: DeviceNames): readonly [string, Entity] {
  return [
    'firmware',
    {
      platform: 'update',
      name: 'Firmware',
      unique_id: names.uniqueId('firmware'),
      device_class: 'firmware',
      entity_category: 'diagnostic',
      availability: names.hubAvailability,
      state_topic: names.topics.firmware,
    },
  ];
}
