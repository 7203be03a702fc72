/**
 * The members that have a value. What becomes JSON has types whose optional members are there or not
 * (`exactOptionalPropertyTypes`); inside the hub an optional member may as well be undefined.
 */
export function withoutUndefined<T extends object>(
  members: T,
): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const present: { [K in keyof T]?: Exclude<T[K], undefined> } = {};
  for (const name in members) {
    const value = members[name];
    if (value !== undefined) present[name] = value as Exclude<T[typeof name], undefined>;
  }
  return present;
}
