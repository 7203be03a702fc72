import type { ResultFrame } from '../../schemas/index.ts';

/** A command as the device remembers it: without a result yet, or with its result. */
export interface RememberedCommand {
  id: string;
  result?: ResultFrame;
  /** The hub has acked the result: it may be forgotten. */
  acked: boolean;
}

/**
 * Storage that survives a reboot (a file, a flash sector). `save` must not return before the entry is durable: the
 * id is stored before the device answers `received` and acts.
 */
export interface CommandStore {
  load(): readonly RememberedCommand[];
  save(commands: readonly RememberedCommand[]): void;
}

/**
 * The commands this device has received and their results, so that none is run twice. It keeps the newest 256. A
 * command whose result is not acked is never forgotten, so a full memory accepts no new command. It also keeps the
 * newest 256 ids that the device has answered with `unknown`, or that were cancelled before they arrived: if such a
 * command still arrives, it is rejected.
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
      // It started before a power cut: whether it took effect is unknown, but it did not complete.
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

  /** Ids of started or ended commands that the hub has not acked, for `hello.unresolved`. */
  unresolved(): string[] {
    return [...this.#commands.values()].filter(({ acked }) => !acked).map(({ id }) => id);
  }

  /** Results to send again in a new session. */
  owed(): ResultFrame[] {
    return [...this.#commands.values()].flatMap(({ result, acked }) =>
      result === undefined || acked ? [] : [result],
    );
  }

  /** Remembers a new command; false when the memory is full. */
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

  /** Stores the result of a command until it is acked. */
  end(result: ResultFrame): void {
    const command = this.#commands.get(result.re);
    if (command === undefined) return;
    command.result = result;
    this.#save();
  }

  /** The hub has acked the result, or will never accept it. */
  acked(id: string): void {
    const command = this.#commands.get(id);
    if (command?.result === undefined || command.acked) return;
    command.acked = true;
    this.#save();
  }

  /** Rejects this id from now on. */
  refuse(id: string, why: 'unknown' | 'cancelled'): void {
    this.#refused.delete(id);
    this.#refused.set(id, why);
    for (const oldest of this.#refused.keys()) {
      if (this.#refused.size <= this.#capacity) break;
      this.#refused.delete(oldest);
    }
  }

  /** Why this id is rejected; undefined when it is not. */
  refusal(id: string): 'unknown' | 'cancelled' | undefined {
    return this.#refused.get(id);
  }

  #save(): void {
    this.#store?.save([...this.#commands.values()]);
  }
}
