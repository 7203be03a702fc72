import type { Cancel, Clock } from '../kernel/time.ts';
import { isFinal, type Command } from './command.ts';

const maxWaiting = 1_000;

/** Callers that wait for a command's end, on doors that have no topic to listen on. */
export class CommandWaits {
  readonly #clock: Clock;
  readonly #waiting = new Map<string, Set<(command: Command | undefined) => void>>();
  #count = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A command's state is in the journal. */
  observe(command: Command): void {
    if (!isFinal(command.status)) return;
    for (const tell of this.#waiting.get(keyOf(command.device, command.id)) ?? []) tell(command);
  }

  /**
   * Resolves with the command's final state, or with undefined after `ms`. Ask for the state after this call, not
   * before it: one that has ended already is not told here. Beyond so many callers nobody waits.
   */
  begin(device: string, id: string, ms: number): { ended: Promise<Command | undefined>; cancel: () => void } {
    if (ms <= 0 || this.#count >= maxWaiting) {
      return { ended: Promise.resolve(undefined), cancel: () => {} };
    }
    const { promise, resolve } = Promise.withResolvers<Command | undefined>();
    const key = keyOf(device, id);
    const tellers = this.#waiting.get(key) ?? new Set();
    this.#waiting.set(key, tellers);
    let timer: Cancel | undefined;
    const tell = (command: Command | undefined): void => {
      timer?.();
      if (!tellers.delete(tell)) return;
      this.#count--;
      if (tellers.size === 0) this.#waiting.delete(key);
      resolve(command);
    };
    tellers.add(tell);
    this.#count++;
    timer = this.#clock.after(ms, () => tell(undefined));
    return { ended: promise, cancel: () => tell(undefined) };
  }

  /** Nobody waits any longer. */
  close(): void {
    for (const tellers of this.#waiting.values()) for (const tell of tellers) tell(undefined);
  }
}

function keyOf(device: string, id: string): string {
  return `${device}/${id}`;
}
