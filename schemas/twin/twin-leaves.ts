import { escapePointer } from '../json-pointer.ts';
import { isJsonObject, type JsonObject } from './merge-patch.ts';

/** A setting of a twin: any value except an object. An array is one setting. */
interface Leaf {
  /** JSON pointer. */
  path: string;
  value: unknown;
}

/** The settings in a state. An object without members has none. */
export function* leavesOf(state: JsonObject, at = ''): Generator<Leaf> {
  for (const [name, value] of Object.entries(state)) {
    const path = `${at}/${escapePointer(name)}`;
    if (isJsonObject(value)) yield* leavesOf(value, path);
    else yield { path, value };
  }
}

/** JSON pointers to the desired settings for which the device reports another value, or none. */
export function differing(desired: JsonObject, reported: JsonObject): string[] {
  const reportedLeaves = new Map([...leavesOf(reported)].map(({ path, value }) => [path, value]));
  return [...leavesOf(desired)]
    .filter(({ path, value }) => !isSameJson(value, reportedLeaves.get(path)))
    .map(({ path }) => path);
}

/** The order of members does not matter (RFC 8259 §4). */
export function isSameJson(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (Array.isArray(one) && Array.isArray(other))
    return one.length === other.length && one.every((item, index) => isSameJson(item, other[index]));
  if (!isJsonObject(one) || !isJsonObject(other)) return false;
  const names = Object.keys(one);
  return (
    names.length === Object.keys(other).length &&
    names.every((name) => Object.hasOwn(other, name) && isSameJson(one[name], other[name]))
  );
}
