import type { FieldError } from './field-error.ts';
import { nearestName } from './nearest-name.ts';

/** The most unknown names, and their greatest length: the search must stay cheap, whatever a device sends. */
const maxNames = 16;
const maxLength = 32;

/**
 * A misspelt field causes two faults: the right name is missing, and the wrong name is unknown. The checks stop at the first
 * of the two; this names the other.
 * @param fault of `value`, which was checked against `properties`
 * @param value an object; anything else has no names
 */
export function withNearestField(
  fault: FieldError,
  properties: Readonly<Record<string, unknown>>,
  value: unknown,
): FieldError {
  const [, name = '', ...deeper] = fault.path.split('/');
  if (deeper.length > 0 || typeof value !== 'object' || value === null) return fault;
  if (fault.keyword === 'additionalProperties') {
    const nearest = name.length > maxLength ? undefined : nearestName(name, Object.keys(properties));
    if (nearest === undefined || Object.hasOwn(value, nearest)) return fault;
    return { ...fault, expected: `${fault.expected} (did you mean ${nearest}?)` };
  }
  if (fault.keyword !== 'required') return fault;
  const unknown = Object.keys(value)
    .slice(0, maxNames)
    .filter((key) => key.length <= maxLength && !Object.hasOwn(properties, key));
  const misspelt = unknown.find((key) => nearestName(key, [name]) !== undefined);
  if (misspelt !== undefined) {
    return {
      ...fault,
      expected: `${fault.expected} (${JSON.stringify(misspelt)} is no field; did you mean ${name}?)`,
    };
  }
  const [first] = unknown;
  if (first === undefined) return fault;
  return { ...fault, expected: `${fault.expected} (${JSON.stringify(first)} is no field)` };
}
