import type {
  ObjectDefinition,
  ScalarDefinition,
  ValueDefinition,
} from '../../../../schemas/device-type-definition.ts';

type Data = Record<string, unknown>;

/**
 * A reading that its stream takes.
 * @param share where in the range of each number it is, 0…1
 */
export function sampleData(definition: ObjectDefinition, share: number): Data {
  const members = Object.entries(definition.properties ?? {});
  return Object.fromEntries(members.map(([name, value]) => [name, sampleOf(value, share)]));
}

/** The same with one value that no schema of it takes. */
export function wrongData(definition: ObjectDefinition, share: number): Data {
  const data = sampleData(definition, share);
  const [name] = Object.keys(data);
  // An object is no field of any stream, and no kind of value in an event but an object's.
  return name === undefined ? { nothing: {} } : { ...data, [name]: { wrong: true } };
}

function sampleOf(value: ValueDefinition, share: number): unknown {
  if ('const' in value && value.const !== undefined) return value.const;
  if ('enum' in value && value.enum !== undefined) return value.enum[Math.floor(share * value.enum.length)];
  switch (value.type) {
    case 'object':
      return sampleData(value, share);
    case 'array':
      return Array.from({ length: value.minItems ?? 0 }, () => sampleOf(value.items, share));
    case 'boolean':
      return share >= 0.5;
    case 'string':
      return 'sample'.slice(0, value.maxLength ?? 6).padEnd(value.minLength ?? 0, 'x');
    case 'number':
    case 'integer':
      return sampleNumber(value, share);
  }
}

/** Within the alarm limits where there are some: nobody shall be called for a sample. */
function sampleNumber({ type, minimum, maximum, ...limits }: ScalarDefinition, share: number): number {
  // An integer without bounds has those of JSON.
  const low = Math.max(limits['x-low'] ?? minimum ?? 0, -1e9);
  const high = Math.min(limits['x-high'] ?? maximum ?? low + 100, 1e9);
  const number = low + (high - low) * (0.25 + share / 2);
  return type === 'integer' ? Math.round(number) : Number(number.toFixed(1));
}
