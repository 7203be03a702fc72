/** Entries in the order in which the device type has them; what it does not know comes last. Pure. */
export function inOrder<Value>(
  entries: readonly [string, Value][],
  names: readonly string[],
): [string, Value][] {
  const place = new Map(names.map((name, at) => [name, at]));
  const placeOf = ([name]: [string, Value]): number => place.get(name) ?? place.size;
  return entries.toSorted((a, b) => placeOf(a) - placeOf(b));
}
