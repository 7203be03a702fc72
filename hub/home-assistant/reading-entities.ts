import type { FieldSpec, StreamType } from '../../schemas/device-type.ts';
import type { ScalarDefinition } from '../../schemas/device-type-definition.ts';
import type { DeviceNames, Entity } from './entity.ts';
import { quantityOf } from './home-assistant-units.ts';

/** Classes of readings about the device itself rather than its surroundings. */
const diagnostic: ReadonlySet<string> = new Set(['signal_strength', 'battery']);

/** A sensor for each field of the stream; a boolean gets a binary sensor. */
export function* readingEntities(
  { name, fields }: StreamType,
  definitions: Readonly<Record<string, object>>,
  names: DeviceNames,
): Generator<readonly [string, Entity]> {
  for (const field of fields) {
    const key = `reading_${name}_${field.name}`;
    const base = {
      name: field.title ?? field.name,
      unique_id: names.uniqueId(key),
      state_topic: names.topics.telemetry(name),
    };
    const { 'x-step': step } = (definitions[field.name] ?? {}) as Partial<ScalarDefinition>;
    yield [key, field.kind === 'boolean' ? truth(field, base) : sensor(field, base, step)];
  }
}

type Base = Pick<Entity, 'name' | 'unique_id' | 'state_topic'>;

function truth({ name }: FieldSpec, base: Base): Entity {
  // Renders nothing for a reading without the field, so that Home Assistant keeps the state.
  const shown = `{{ ('ON' if v else 'OFF') if v is not none }}`;
  return { platform: 'binary_sensor', ...base, value_template: `${newest(name)}${shown}` };
}

function sensor({ name, kind, unit, values }: FieldSpec, base: Base, step: number | undefined): Entity {
  if (kind === 'string') {
    const enumerated = values === undefined ? {} : { device_class: 'enum', options: values };
    // An empty text is a state of its own, so a reading without the field repeats the last one.
    const value_template = `${newest(name)}{{ v if v is not none else this.state }}`;
    return { platform: 'sensor', ...base, ...enumerated, value_template };
  }
  const value_template = `${newest(name)}{{ v if v is not none }}`;
  const entity = { platform: 'sensor', ...base, value_template } as const;
  if (unit === undefined) return { ...entity, state_class: 'measurement' };
  const { unit: unit_of_measurement, deviceClass, stateClass } = quantityOf(unit, name);
  return {
    ...entity,
    unit_of_measurement,
    state_class: stateClass,
    ...(deviceClass === undefined ? {} : { device_class: deviceClass }),
    ...(deviceClass !== undefined && diagnostic.has(deviceClass)
      ? { entity_category: 'diagnostic' as const }
      : {}),
    ...(step === undefined ? {} : { suggested_display_precision: decimals(step) }),
  };
}

/** Jinja: `v` is the field in the newest reading of the message, or none. */
function newest(field: string): string {
  return `{% set v = (value_json.samples[-1] if 'samples' in value_json else value_json).data.get('${field}') %}`;
}

function decimals(step: number): number {
  return Math.max(0, Math.ceil(-Math.log10(step)));
}
