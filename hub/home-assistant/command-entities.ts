import type { ObjectDefinition, ScalarDefinition } from '../../schemas/device-type-definition.ts';
import type { CommandType } from '../../schemas/device-type.ts';
import { controlFor, valueAsJson } from './control-entities.ts';
import type { DeviceNames, Entity } from './entity.ts';

/** Home Assistant's classes of buttons, by the names of commands. */
const buttonClasses: Readonly<Record<string, string>> = {
  identify: 'identify',
  reboot: 'restart',
  restart: 'restart',
};

/**
 * A button when the command needs no parameter, a control when it needs one value.
 * @returns undefined when it needs more
 */
export function commandEntity(
  { name, params, safety }: CommandType,
  title: string | undefined,
  names: DeviceNames,
): readonly [string, Entity] | undefined {
  const key = `command_${name}`;
  const base = {
    name: title ?? name,
    unique_id: names.uniqueId(key),
    entity_category: 'config',
    command_topic: names.topics.command(name),
  } as const;
  // The hub takes a command that moves something only with an id of the caller, so that it never runs twice.
  const id = safety === 'actuate' || safety === 'critical' ? `"id":"ha-${moment}",` : '';
  const { properties = {}, required = [], anyOf } = params as ObjectDefinition;
  const given = Object.keys(properties);
  const needed = given.length === 1 ? given : required;
  if (anyOf !== undefined || needed.length > 1) return undefined;
  const [parameter] = needed;
  if (parameter === undefined) {
    const device_class = buttonClasses[name];
    const classed = device_class === undefined ? {} : { device_class };
    return [key, { platform: 'button', ...base, ...classed, command_template: `{${id}"params":{}}` }];
  }
  const definition = properties[parameter];
  if (definition === undefined || definition.type === 'object' || definition.type === 'array')
    return undefined;
  const control = controlFor(definition satisfies ScalarDefinition, parameter);
  if (control === undefined) return undefined;
  const value = `{${JSON.stringify(parameter)}:${valueAsJson(definition)}}`;
  return [key, { ...control, ...base, command_template: `{${id}"params":${value}}` }];
}

/** Jinja: the time to the microsecond, written with characters that an id may have. */
const moment = "{{ now().strftime('%Y%m%d%H%M%S%f') }}";
