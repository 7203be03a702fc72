/** What outlives a loss of power, as the core knows it. What is behind the two ports is yours; `node/` and `browser/` have one each. */

/**
 * A queue of records, numbered from 1 and rising. What a call has done outlives a loss of power when it returns, unless the
 * place of the records is slow to write, as in a browser: then soon after.
 */
export interface HubStore {
  /** Puts a record at the end. @returns its number; 0 when it cannot be kept */
  append(record: string): number;
  /** @returns the number of the first record behind this one that is there; 0 when there is none */
  next(number: number): number;
  /** @returns undefined when it is not there, or is damaged */
  read(number: number): string | undefined;
  drop(number: number): void;
  /** Called once, when the device ends. */
  close(): void;
  /** Records that were found damaged when the store was opened: they are lost. */
  readonly damaged: number;
}

/** What a device remembers beside its readings: its id, its secrets, its commands, its twin, and which boots the hub knows. */
export type Slot = 'owner' | 'secret' | 'commands' | 'twin' | 'boots';

/** A few small values by name. */
export interface HubMemory {
  /** @returns undefined when there is none. @throws Error when there is one that cannot be read */
  load(slot: Slot): string | undefined;
  /**
   * Replaces the whole value, or leaves the old one. It outlives a loss of power when the call returns or its promise resolves.
   * @throws Error, or rejects, when the value could not be kept
   */
  save(slot: Slot, value: string): void | Promise<void>;
}

/** Memory that lasts as long as this object: longer than a device that is begun again with it. */
export class RamMemory implements HubMemory {
  readonly #values = new Map<Slot, string>();

  load(slot: Slot): string | undefined {
    return this.#values.get(slot);
  }

  save(slot: Slot, value: string): void {
    this.#values.set(slot, value);
  }
}

/** Says what is wrong with a memory or a store; the device goes on. */
export type Complain = (what: string) => void;

/**
 * The value of a slot as JSON, if it has the form that it should have.
 * @returns undefined when there is none; `damaged` when it cannot be read or has another form
 */
export function loadSlot<T>(
  memory: HubMemory | undefined,
  slot: Slot,
  isRight: (value: unknown) => value is T,
): T | 'damaged' | undefined {
  try {
    const text = memory?.load(slot);
    if (text === undefined) return undefined;
    const value: unknown = JSON.parse(text);
    return isRight(value) ? value : 'damaged';
  } catch {
    return 'damaged';
  }
}

/**
 * Saves a value as JSON.
 * @returns whether it is kept: at once, or a promise that never rejects when the memory needs time
 */
export function saveSlot(
  memory: HubMemory | undefined,
  slot: Slot,
  value: unknown,
  complain: Complain,
): boolean | Promise<boolean> {
  const failed = (error: unknown): boolean => {
    complain(`the ${slot} cannot be kept: ${error instanceof Error ? error.message : String(error)}`);
    return false;
  };
  try {
    const saving = memory?.save(slot, JSON.stringify(value));
    return saving === undefined ? true : saving.then(() => true, failed);
  } catch (error) {
    return failed(error);
  }
}

/** Goes on with the outcome: at once when it is there, so that nothing happens in between. */
export function whenSaved(saved: boolean | Promise<boolean>, run: (kept: boolean) => void): void {
  if (typeof saved === 'boolean') run(saved);
  else void saved.then(run);
}
