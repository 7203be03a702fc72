import type { Registry } from './registry.ts';

/**
 * Whether a request is left to another hub that uses the same topics: its device is not registered here, so it may be there.
 */
export function isOfAnotherHub({
  registry,
  bus,
}: {
  registry: Pick<Registry, 'get'>;
  bus: { readonly otherHubs: readonly string[] };
}): (device: string) => boolean {
  return (device) => bus.otherHubs.length > 0 && registry.get(device) === undefined;
}
