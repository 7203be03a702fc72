/** The name of an actor of this kind, such as `operator:anna`; undefined for one of another kind. */
export function nameOf(actor: string, kind: 'operator' | 'token'): string | undefined {
  return actor.startsWith(`${kind}:`) ? actor.slice(kind.length + 1) : undefined;
}
