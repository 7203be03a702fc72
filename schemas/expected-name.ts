/** The names that a device type has, in words: `one of a, b`, or that it has none. */
export function expectedName(
  typeId: string,
  kind: 'streams' | 'events' | 'commands',
  names: ReadonlyMap<string, unknown>,
): string {
  return names.size === 0 ? `none: ${typeId} has no ${kind}` : `one of ${[...names.keys()].join(', ')}`;
}
