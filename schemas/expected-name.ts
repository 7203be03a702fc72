/** What a name of a device type may be: `one of a, b`; or that the type has none of them. */
export function expectedName(
  typeId: string,
  kind: 'streams' | 'events' | 'commands',
  names: ReadonlyMap<string, unknown>,
): string {
  return names.size === 0 ? `none: ${typeId} has no ${kind}` : `one of ${[...names.keys()].join(', ')}`;
}
