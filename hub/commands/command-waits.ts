import { isFinal } from '../../schemas/command-status.ts';
import type { Clock } from '../../schemas/time/clock.ts';
import type { Command } from './command.ts';
import type { RemoteWatcher } from './remote-states.ts';

const maxWaiting = 1_000;

/** Callers that wait for a command's end, over interfaces that have no topic to listen on. */
export class CommandWaits implements RemoteWatcher {
  readonly #clock: Clock;
  readonly #waiting = new Map<string, Set<(command: Command | undefined) => void>>();
  #count = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A command's state is in the journal. */
  commandChanged(command: Command): void {
    if (!isFinal(command.status)) return;
    for (const resolve of this.#waiting.get(keyOf(command.device, command.id)) ?? []) resolve(command);
  }

  /**
   * Resolves with the command's final state, or with undefined after `ms`. RequestEntry for the state after this call, not
   * before it: one that has ended already does not resolve it. With too many callers waiting, further ones do not wait.
   */
  begin(device: string, id: string, ms: number): { ended: Promise<Command | undefined>; cancel: () => void } {
    if (ms <= 0 || this.#count >= maxWaiting) {
      return { ended: Promise.resolve(undefined), cancel: () => {} };
    }
    const { promise, resolve } = Promise.withResolvers<Command | undefined>();
    const key = keyOf(device, id);
    const waiters = this.#waiting.get(key) ?? new Set();
    this.#waiting.set(key, waiters);
    const end = (command: Command | undefined): void => {
      timer();
      if (!waiters.delete(end)) return;
      this.#count--;
      if (waiters.size === 0) this.#waiting.delete(key);
      resolve(command);
    };
    const timer = this.#clock.after(ms, () => end(undefined));
    waiters.add(end);
    this.#count++;
    return { ended: promise, cancel: () => end(undefined) };
  }

  *watched(): Generator<{ device: string; id: string }> {
    for (const key of this.#waiting.keys()) {
      const [device = '', id = ''] = key.split('/');
      yield { device, id };
    }
  }

  /** Nobody waits any longer. */
  close(): void {
    for (const waiters of this.#waiting.values()) for (const end of waiters) end(undefined);
  }
}

function keyOf(device: string, id: string): string {
  return `${device}/${id}`;
}
