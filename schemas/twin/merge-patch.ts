/** JSON Merge Patch, RFC 7396, for the hub, devices and the console. */

export type JsonObject = Readonly<Record<string, unknown>>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Returns the target with the patch applied (§2): `null` removes a member, objects are merged, and any other value, also an
 * array, replaces the old one. Changes neither argument. Recursive: the depth of JSON from outside is bounded.
 */
export function mergePatch(target: unknown, patch: JsonObject): JsonObject {
  const members = new Map(isJsonObject(target) ? Object.entries(target) : []);
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) members.delete(name);
    else members.set(name, isJsonObject(value) ? mergePatch(members.get(name), value) : value);
  }
  // `fromEntries` defines members instead of assigning them, so `__proto__` is a name like any other.
  return Object.fromEntries(members);
}

/** The patch that turns any target into `state`, provided that `known` has all members of the target. */
export function wholePatch(known: JsonObject, state: JsonObject): JsonObject {
  const gone = Object.keys(known)
    .filter((name) => !Object.hasOwn(state, name))
    .map((name) => [name, null] as const);
  const held = Object.entries(state).map(([name, value]) => {
    const before = Object.hasOwn(known, name) ? known[name] : undefined;
    return [name, isJsonObject(value) && isJsonObject(before) ? wholePatch(before, value) : value] as const;
  });
  return Object.fromEntries([...gone, ...held]);
}
