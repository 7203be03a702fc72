import type { ObjectDefinition, ScalarDefinition } from '../../schemas/device-type-definition.ts';
import { twinStates } from '../../schemas/twin/twin-states.ts';
import { controlFor, valueAsJson } from './control-entities.ts';
import type { DeviceNames, Entity } from './entity.ts';

/**
 * A control for each setting of the twin except lists, and a sensor that says whether the settings hold. A control shows the
 * desired value. Before anybody has set one, it shows the reported value, or else the default.
 */
export function* settingEntities(
  desired: ObjectDefinition,
  names: DeviceNames,
): Generator<readonly [string, Entity]> {
  for (const { path, title, definition } of settingsOf(desired)) {
    const key = `setting_${path.join('_')}`;
    const control = controlFor(definition, path.at(-1) ?? '');
    if (control === undefined) continue;
    yield [
      key,
      {
        ...control,
        name: title,
        unique_id: names.uniqueId(key),
        entity_category: 'config',
        availability: names.hubAvailability,
        state_topic: names.topics.twin,
        value_template: shownValue(path, definition),
        command_topic: names.topics.twinDesired,
        command_template: `{"patch":${nested(path, valueAsJson(definition))}}`,
      },
    ];
  }
  const key = 'settings';
  yield [
    key,
    {
      platform: 'sensor',
      name: 'Settings',
      unique_id: names.uniqueId(key),
      entity_category: 'diagnostic',
      device_class: 'enum',
      options: twinStates,
      availability: names.hubAvailability,
      state_topic: names.topics.twin,
      value_template: '{{ value_json.state }}',
    },
  ];
}

interface Setting {
  path: readonly string[];
  title: string;
  definition: ScalarDefinition;
}

function* settingsOf(
  { properties = {} }: ObjectDefinition,
  above: readonly string[] = [],
  titles: readonly string[] = [],
): Generator<Setting> {
  for (const [name, definition] of Object.entries(properties)) {
    const path = [...above, name];
    const title = [...titles, definition.title ?? name];
    if (definition.type === 'object') yield* settingsOf(definition, path, title);
    else if (definition.type !== 'array') yield { path, title: title.join(': '), definition };
  }
}

/** Jinja: desired, else reported, else the default. Home Assistant reads `None` as unknown. */
function shownValue(path: readonly string[], { type, default: given }: ScalarDefinition): string {
  const unset = type === 'string' && given === undefined ? "''" : JSON.stringify(given ?? 'None');
  const otherwise = typeof given === 'boolean' ? (given ? 'True' : 'False') : unset;
  const reported = member('value_json.reported', path, otherwise);
  const shown = member('value_json.desired', path, reported);
  return type === 'boolean' ? `{{ ${shown} | string | lower }}` : `{{ ${shown} }}`;
}

function member(object: string, path: readonly string[], otherwise: string): string {
  const steps = path.map((name, at) => `.get('${name}', ${at === path.length - 1 ? otherwise : '{}'})`);
  return `${object}${steps.join('')}`;
}

function nested(path: readonly string[], value: string): string {
  return path.reduceRight((inner, name) => `{${JSON.stringify(name)}:${inner}}`, value);
}
