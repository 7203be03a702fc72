import type { ResultFrame } from '../../schemas/index.ts';

/** A command as the device remembers it: no result yet, or how it ended. */
export interface RememberedCommand {
  id: string;
  result?: ResultFrame;
  /** The hub has taken the result: it may be forgotten. */
  acked: boolean;
}

/**
 * Storage that outlives a reboot (a file, a flash sector). `save` must not return before the entry is safe: the
 * id is stored before the device says `received` and acts.
 */
export interface CommandStore {
  load(): readonly RememberedCommand[];
  save(commands: readonly RememberedCommand[]): void;
}

/**
 * Which commands this device has had, and how they ended, so that none is run twice. The newest 256 are kept;
 * one whose result is not acked is never forgotten, so a full memory takes no new command. Ids the device has
 * answered `unknown`, or was told to cancel before they came, are refused should they still arrive; the newest
 * 256 of those are kept too.
 */
export class CommandMemory {
  readonly #capacity: number;
  readonly #store: CommandStore | undefined;
  readonly #commands = new Map<string, RememberedCommand>();
  readonly #refused = new Map<string, 'unknown' | 'cancelled'>();

  constructor(store?: CommandStore, capacity = 256) {
    this.#capacity = capacity;
    this.#store = store;
    for (const { id, result, acked } of store?.load() ?? []) {
      // Begun, and then the power went: whether it took effect nobody knows, but it did not end well.
      const ended = result ?? { type: 'result', re: id, status: 'failed', error: 'interrupted by a reboot' };
      this.#commands.set(id, { id, result: ended, acked });
    }
  }

  get persists(): boolean {
    return this.#store !== undefined;
  }

  get(id: string): RememberedCommand | undefined {
    return this.#commands.get(id);
  }

  /** Ids begun or ended that the hub has not acked, for `hello.unresolved`. */
  unresolved(): string[] {
    return [...this.#commands.values()].filter(({ acked }) => !acked).map(({ id }) => id);
  }

  /** Results to send again in a new session. */
  owed(): ResultFrame[] {
    return [...this.#commands.values()].flatMap(({ result, acked }) =>
      result === undefined || acked ? [] : [result],
    );
  }

  /** Remembers a new command; false when there is no room for one more. */
  begin(id: string): boolean {
    if (this.#commands.size >= this.#capacity) {
      const forgettable = [...this.#commands.values()].find(({ acked }) => acked);
      if (forgettable === undefined) return false;
      this.#commands.delete(forgettable.id);
    }
    this.#commands.set(id, { id, acked: false });
    this.#save();
    return true;
  }

  /** The command has ended; kept until acked. */
  end(result: ResultFrame): void {
    const command = this.#commands.get(result.re);
    if (command === undefined) return;
    command.result = result;
    this.#save();
  }

  /** The hub took the result, or will never take it. */
  acked(id: string): void {
    const command = this.#commands.get(id);
    if (command?.result === undefined || command.acked) return;
    command.acked = true;
    this.#save();
  }

  /** From now on this id is refused. */
  refuse(id: string, why: 'unknown' | 'cancelled'): void {
    this.#refused.delete(id);
    this.#refused.set(id, why);
    for (const oldest of this.#refused.keys()) {
      if (this.#refused.size <= this.#capacity) break;
      this.#refused.delete(oldest);
    }
  }

  /** Why this id is refused; undefined when it is not. */
  refusal(id: string): 'unknown' | 'cancelled' | undefined {
    return this.#refused.get(id);
  }

  #save(): void {
    this.#store?.save([...this.#commands.values()]);
  }
}
