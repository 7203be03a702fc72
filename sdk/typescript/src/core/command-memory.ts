import type { ResultFrame } from '../../../../schemas/protocol/device-frames.ts';
import { loadSlot, saveSlot, whenSaved, type Complain, type HubMemory } from './ports.ts';

/** A command as the device remembers it: without a result yet, or with its result. */
export interface RememberedCommand {
  id: string;
  result?: ResultFrame;
  /** The hub has acked the result: it may be forgotten. */
  acked: boolean;
}

/** Why a command of an id that is not remembered does not run. */
export type Refusal = 'unknown' | 'cancelled' | 'full';

/**
 * The commands this device has received and their results, so that none is run twice. It keeps the newest 256. A
 * command whose result is not acked is never forgotten, so a full memory accepts no new command. It also keeps the
 * newest 256 ids that the device has answered with `unknown`, for which it had no room, or that were cancelled before they arrived: if
 * such a command still arrives, it is rejected.
 */
export class CommandMemory {
  readonly #capacity: number;
  readonly #memory: HubMemory | undefined;
  readonly #complain: Complain;
  readonly #commands = new Map<string, RememberedCommand>();
  readonly #refused = new Map<string, Refusal>();
  /** Whether commands are remembered over a reboot: for `hello.persistsCommands`. */
  readonly persists: boolean;

  constructor(memory?: HubMemory, complain: Complain = () => undefined, capacity = 256) {
    this.#capacity = capacity;
    this.#memory = memory;
    this.#complain = complain;
    const kept = loadSlot(memory, 'commands', isRemembered);
    // What was there is forgotten, so the hub must not believe that this boot knows what the last one did.
    if (kept === 'damaged') complain('the memory of commands is damaged, and begins anew');
    this.persists = memory !== undefined && kept !== 'damaged';
    for (const { id, result, acked } of kept === undefined || kept === 'damaged' ? [] : kept) {
      // It started before a power cut: whether it took effect is unknown, but it did not complete.
      const ended = result ?? { type: 'result', re: id, status: 'failed', error: 'interrupted by a reboot' };
      this.#commands.set(id, { id, result: ended, acked });
    }
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

  /**
   * Remembers a new command, and goes on when its id outlives a reboot.
   * @param run with false when the memory is full or does not take it: it must not be carried out
   */
  begin(id: string, run: (remembered: boolean) => void): void {
    let forgotten: RememberedCommand | undefined;
    if (this.#commands.size >= this.#capacity) {
      forgotten = [...this.#commands.values()].find(({ acked }) => acked);
      if (forgotten === undefined) return run(false);
      this.#commands.delete(forgotten.id);
    }
    this.#commands.set(id, { id, acked: false });
    whenSaved(this.#save(), (kept) => {
      if (!kept) {
        this.#commands.delete(id);
        if (forgotten !== undefined) this.#commands.set(forgotten.id, forgotten);
      }
      run(kept);
    });
  }

  /** Stores the result of a command until it is acked. */
  end(result: ResultFrame): void {
    const command = this.#commands.get(result.re);
    if (command === undefined) return;
    command.result = result;
    void this.#save();
  }

  /** The hub has acked the result, or will never accept it. */
  acked(id: string): void {
    const command = this.#commands.get(id);
    if (command?.result === undefined || command.acked) return;
    command.acked = true;
    void this.#save();
  }

  /** Rejects this id from now on. */
  refuse(id: string, why: Refusal): void {
    this.#refused.delete(id);
    this.#refused.set(id, why);
    for (const oldest of this.#refused.keys()) {
      if (this.#refused.size <= this.#capacity) break;
      this.#refused.delete(oldest);
    }
  }

  /** Why this id is rejected; undefined when it is not. */
  refusal(id: string): Refusal | undefined {
    return this.#refused.get(id);
  }

  #save(): boolean | Promise<boolean> {
    return saveSlot(this.#memory, 'commands', [...this.#commands.values()], this.#complain);
  }
}

function isRemembered(value: unknown): value is RememberedCommand[] {
  return (
    Array.isArray(value) &&
    value.every(
      (entry: unknown) =>
        typeof entry === 'object' &&
        entry !== null &&
        'id' in entry &&
        typeof entry.id === 'string' &&
        'acked' in entry,
    )
  );
}
