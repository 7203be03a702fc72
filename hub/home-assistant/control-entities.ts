import { withSafeIntegers, type ScalarDefinition } from '../../schemas/device-type-definition.ts';
import type { Entity } from './entity.ts';
import { quantityOf } from './home-assistant-units.ts';

/** The finest step that Home Assistant takes, and the longest text. */
const finestStep = 0.001;
const longestText = 255;
/** Bounds of a number that has none. Without them Home Assistant would assume 1 to 100. */
const unbounded = 1_000_000_000;

/** The control with which a person sets the value; undefined: Home Assistant has none for it. */
export function controlFor(
  definition: ScalarDefinition,
  name: string,
): (Pick<Entity, 'platform'> & Readonly<Record<string, unknown>>) | undefined {
  const { type, unit, enum: options, const: only } = definition;
  if (type === 'boolean') {
    return {
      platform: 'switch',
      payload_on: 'true',
      payload_off: 'false',
      state_on: 'true',
      state_off: 'false',
    };
  }
  if (type === 'string') {
    if (options !== undefined || only !== undefined)
      return { platform: 'select', options: options ?? [only] };
    const { minLength = 0, maxLength = longestText } = definition;
    return { platform: 'text', min: minLength, max: Math.min(maxLength, longestText) };
  }
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } =
    type === 'integer' ? withSafeIntegers(definition) : definition;
  const min = minimum ?? exclusiveMinimum ?? -unbounded;
  const max = maximum ?? exclusiveMaximum ?? unbounded;
  // One number without a range, and Home Assistant refuses the whole device.
  if (min >= max) return undefined;
  const step = type === 'integer' ? 1 : Math.max(finestStep, definition['x-step'] ?? finestStep);
  const quantity = unit === undefined ? undefined : quantityOf(unit, name);
  return {
    platform: 'number',
    min,
    max,
    step,
    mode: 'box',
    ...(quantity === undefined ? {} : { unit_of_measurement: quantity.unit }),
    ...(quantity?.deviceClass === undefined ? {} : { device_class: quantity.deviceClass }),
  };
}

/** Jinja: the value as JSON. Numbers and booleans are JSON already. */
export function valueAsJson({ type }: ScalarDefinition): string {
  return type === 'string' ? '{{ value | to_json }}' : '{{ value }}';
}
