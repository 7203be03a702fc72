/** JSON pointers, RFC 6901. */

/** One reference token, escaped (§3: `~` → `~0`, `/` → `~1`). */
export function escapePointer(token: string): string {
  return token.replaceAll('~', '~0').replaceAll('/', '~1');
}

/** The value to which a pointer leads, through own members only; undefined when it leads nowhere. */
export function valueAt(root: unknown, pointer: string): unknown {
  let value = root;
  for (const token of pointer.split('/').slice(1)) {
    value = ownMember(value, token.replaceAll('~1', '/').replaceAll('~0', '~'));
  }
  return value;
}

/** An own member of the holder: `__proto__` as a name in JSON is one, an inherited `toString` is not. */
export function ownMember(holder: unknown, name: string): unknown {
  if (typeof holder !== 'object' || holder === null) return undefined;
  return Object.getOwnPropertyDescriptor(holder, name)?.value;
}
