import type { HubContext } from './context.ts';

interface Saved {
  /** Writes what has changed, or some of it when that is much. */
  save(): Promise<void>;
  /** Writes all of it; not given: `save` does. */
  saveAll?(): Promise<void>;
}

/** Saves a part of the hub again and again, and as a whole when the hub ends. */
export function keepSaving(
  { clock, releasers }: HubContext,
  name: string,
  part: Saved,
  everyMs = 1_000,
): void {
  releasers.push(name, () => part.saveAll?.() ?? part.save());
  releasers.push(
    `saving of ${name}`,
    clock.every(everyMs, () => void part.save()),
  );
}
