import type { ObjectDefinition, ScalarDefinition, ValueDefinition } from '../../schemas/index.ts';
import { noiseAt } from './random.ts';

/** The time after which generated values are unrelated, ms. */
const periodMs = 900_000;
/** Values stay in this middle share of the allowed range, because limits are for unusual values. */
const middleShare = 0.6;
/** The assumed width of a range with only one bound or none. */
const openRange = 100;
const maxSafe = Number.MAX_SAFE_INTEGER;

/**
 * A value that satisfies the schema and has every field of it. Depends only on seed and time.
 * @param atMs Unix time, ms
 */
export function valueOf(schema: ValueDefinition, seed: string, atMs: number): unknown {
  switch (schema.type) {
    case 'object':
      return objectOf(schema, seed, atMs);
    case 'array': {
      const length = Math.min(schema.maxItems, Math.max(schema.minItems ?? 0, 1));
      return Array.from({ length }, (_, index) => valueOf(schema.items, `${seed}/${index}`, atMs));
    }
    case 'boolean':
      return noiseAt(seed, atMs, periodMs) > 0;
    case 'string':
      return textOf(schema, seed, atMs);
    case 'integer':
    case 'number':
      return numberOf(schema, seed, atMs);
  }
}

/** Like `valueOf`, for the data of a stream or an event, or the output of a command. */
export function objectOf(schema: ObjectDefinition, seed: string, atMs: number): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(schema.properties ?? {}).map(([name, field]) => [
      name,
      valueOf(field, `${seed}/${name}`, atMs),
    ]),
  );
}

function numberOf(schema: ScalarDefinition, seed: string, atMs: number): number {
  const low = schema.minimum ?? schema.exclusiveMinimum;
  const high = schema.maximum ?? schema.exclusiveMaximum;
  const from = low ?? (high === undefined ? 0 : high - openRange);
  const to = high ?? from + openRange;
  // Halved first: the width of the widest range would overflow to infinity.
  const half = to / 2 - from / 2;
  const value = from / 2 + to / 2 + half * middleShare * noiseAt(seed, atMs, periodMs);
  // Halving the smallest numbers rounds them, so the sum of two halves may lie beyond both limits.
  if (schema.type === 'number') return Math.min(to, Math.max(from, readable(value, half)));
  return Math.min(
    Math.floor(Math.min(to, maxSafe)),
    Math.max(Math.ceil(Math.max(from, -maxSafe)), Math.round(value)),
  );
}

/** Rounds to readable digits, without getting closer to the limits. */
function readable(value: number, half: number): number {
  const digits = Math.ceil(3 - Math.log10(half));
  return digits >= 0 && digits <= 12 ? Number(value.toFixed(digits)) : value;
}

function textOf(schema: ScalarDefinition, seed: string, atMs: number): string {
  if (schema.const !== undefined) return schema.const;
  const { enum: words, minLength = 0, maxLength = 64 } = schema;
  if (words === undefined) return 'simulated'.padEnd(minLength, '.').slice(0, maxLength);
  const place = Math.floor(((noiseAt(seed, atMs, periodMs) + 1) / 2) * words.length);
  return words[Math.min(place, words.length - 1)] ?? '';
}
