import type { DeviceTypeDefinition } from '../../../../../schemas/device-type-definition.ts';
import { unitSymbol } from '../../../../../schemas/unit-symbol.ts';

/** A number that some of the devices send. */
export interface ComparedField {
  /** `stream.field`. */
  readonly key: string;
  readonly stream: string;
  readonly field: string;
  /** With its unit. */
  readonly title: string;
  /** Those that send it. */
  readonly devices: readonly string[];
}

/** What can be compared: those that most of the devices send come first. */
export function comparedFields(
  devices: readonly { id: string; type: string }[],
  types: readonly (DeviceTypeDefinition & { id: string })[],
): ComparedField[] {
  const found = new Map<string, ComparedField>();
  for (const { id, type } of devices) {
    const definition = types.find((each) => each.id === type);
    for (const [stream, { properties = {} }] of Object.entries(definition?.streams ?? {})) {
      for (const [field, value] of Object.entries(properties)) {
        if (value.type !== 'number' && value.type !== 'integer') continue;
        const key = `${stream}.${field}`;
        const unit = value.unit === undefined ? '' : `, ${unitSymbol(value.unit)}`;
        const before = found.get(key) ?? {
          key,
          stream,
          field,
          title: `${value.title ?? field}${unit}`,
          devices: [],
        };
        found.set(key, { ...before, devices: [...before.devices, id] });
      }
    }
  }
  return [...found.values()].toSorted((a, b) => b.devices.length - a.devices.length);
}
