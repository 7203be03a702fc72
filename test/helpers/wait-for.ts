import { setTimeout as sleep } from 'node:timers/promises';

export interface WaitForOptions {
  /** What is waited for, as the failure will say it: "the spool is empty". */
  what: string;
  /** 5,000 when not given. */
  timeoutMs?: number;
  /** Between two looks; 5 when not given. */
  everyMs?: number;
}

/** An emitter of Node, or one of the SDK for browsers too. */
interface Emits {
  once(name: string, listener: (...values: unknown[]) => void): unknown;
  off(name: string, listener: (...values: unknown[]) => void): unknown;
}

/** A value that means "not yet". */
type NotYet = false | undefined | null;

/**
 * Looks again and again until `condition` gives something true, and resolves with that; for conditions that
 * have no event of their own. A condition that throws counts as not yet; its last error is told on failure.
 * @throws when the time is up, naming `what`
 */
export async function waitFor<T>(
  condition: () => T | NotYet | Promise<T | NotYet>,
  { what, timeoutMs = 5_000, everyMs = 5 }: WaitForOptions,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  let lastError: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value !== false && value !== undefined && value !== null) return value;
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    if (performance.now() >= deadline) {
      const because = lastError instanceof Error ? ` (${lastError.message})` : '';
      throw new Error(`waited ${timeoutMs} ms in vain: ${what}${because}`, { cause: lastError });
    }
    await sleep(everyMs);
  }
}

/**
 * Resolves with the arguments of the next `name` event.
 * @throws when it does not come within `timeoutMs`, naming the event
 */
export function eventOf(emitter: Emits, name: string, timeoutMs = 5_000): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    const onEvent = (...values: unknown[]): void => {
      clearTimeout(timer);
      resolve(values);
    };
    const timer = setTimeout(() => {
      emitter.off(name, onEvent);
      reject(new Error(`waited ${timeoutMs} ms in vain: the event '${name}'`));
    }, timeoutMs);
    emitter.once(name, onEvent);
  });
}
