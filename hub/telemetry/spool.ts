import type { DeadLetter, DeadLetterSelection, SpoolPage } from '../../schemas/api/telemetry/spool.ts';
import { HubError, messageOf } from '../kernel/errors.ts';
import { mebibyte } from '../kernel/mebibyte.ts';
import type { Clock } from '../../schemas/time/clock.ts';
import { DeadLetterRoom, type DeadLetterAdmission } from './dead-letter-room.ts';
import { accountOf, typeOf, type DropCause, type Ledger, type PointsByDevice } from './ledger.ts';
import type {
  NewDeadLetter,
  SharedSpoolStore,
  SpooledLines,
  SpoolLevels,
  SpoolStore,
} from './spool-store.ts';

export interface SpoolOptions {
  /** Characters of spooled lines. Beyond this, nothing more is spooled and devices are asked to retry later. */
  maxSize: number;
  /** Dead letters; see `DeadLetterRoom` for who may take how much of it. */
  maxDeadLetters: number;
}

/** As they are configured. */
export function spoolOptions(asked: { spoolMaxMib: number; deadLettersMax: number }): SpoolOptions {
  return { maxSize: asked.spoolMaxMib * mebibyte, maxDeadLetters: asked.deadLettersMax };
}

/** Lines that are taken from the spool at a time: few enough for one write. */
const headLimits = { lines: 5_000, size: 1_000_000 };
/** Dead letters that one step of `retry` moves: few enough for one entry. */
const retryLines = 5_000;

/**
 * Lines in a safe place that the store does not have: the spool (to be written later) and the dead letters (permanently
 * rejected). Keeps their levels and enters their moves in the ledger. Resolves only when the change is synced.
 */
export class Spool {
  readonly #store: SpoolStore;
  readonly #ledger: Ledger;
  readonly #clock: Clock;
  readonly #options: SpoolOptions;
  readonly #room: DeadLetterRoom;
  #levels: SpoolLevels = { lines: 0, size: 0, deadLetters: 0, oldestMs: null };
  /** Rises before and after each change: a reading of the disk is valid only if it has not risen. */
  changes = 0;
  /** Why the last attempt to keep lines failed (for example, a full disk); undefined when it did not. */
  fault: string | undefined;
  readonly #followers: (() => void)[] = [];

  constructor(deps: { store: SpoolStore; ledger: Ledger; clock: Clock }, options: SpoolOptions) {
    this.#store = deps.store;
    this.#ledger = deps.ledger;
    this.#clock = deps.clock;
    this.#options = options;
    this.#room = new DeadLetterRoom(options.maxDeadLetters);
  }

  /** @param follower called when there is something for the store */
  follow(follower: () => void): void {
    this.#followers.push(follower);
  }

  /** Takes over what an earlier run left. */
  async load(): Promise<void> {
    this.#levels = await this.#store.levels();
    const { spooled, deadLettered, deadLetteredTypes } = await this.#store.shares();
    this.#room.carryOver(deadLettered, deadLetteredTypes);
    this.#ledger.carryOver(spooled, 'spooled');
    this.#ledger.carryOver(deadLettered, 'deadLettered');
  }

  get levels(): Readonly<SpoolLevels & SpoolOptions> {
    return { ...this.#levels, ...this.#options };
  }

  get lines(): number {
    return this.#levels.lines;
  }

  /** How long the oldest line has been waiting, ms; 0 when none waits. */
  get waitMs(): number {
    const { oldestMs } = this.#levels;
    return oldestMs === null ? 0 : Math.max(0, this.#clock.now() - oldestMs);
  }

  /** True when no further line may be spooled. */
  get full(): boolean {
    return this.#levels.size >= this.#options.maxSize;
  }

  get deadLettersFull(): boolean {
    return this.#room.full;
  }

  /** How many lines of the account the store refused and nobody could keep, since the hub started. */
  droppedOf(account: string): number {
    return this.#room.droppedOf(account);
  }

  /** Spools one batch; the caller enters it in the ledger. @throws HubError `database-failed` */
  async append(lines: readonly string[], shares: PointsByDevice, size: number): Promise<void> {
    await this.#keep(this.#store.append({ lines, shares, size, nowMs: this.#clock.now() }));
    this.#filled(lines.length, size);
    this.#notifyFilled();
  }

  /**
   * Keeps lines that the store refused in a live write; the caller enters them in the ledger.
   * @returns those for which there is no room, by index, and why
   * @throws HubError `database-failed`
   */
  async addDeadLetters(
    lines: readonly { line: string; reason: string }[],
  ): Promise<ReadonlyMap<number, DropCause>> {
    const letters = lines.map(addressed);
    try {
      const { dropped } = await this.#keepLetters(letters, false, (kept) =>
        this.#keep(this.#store.addDeadLetters(kept, this.#clock.now())),
      );
      return dropped;
    } catch (error) {
      if (this.#store.whenAway === undefined) throw error;
      // Devices are told of these, and the store has the others: they hold up nothing of what comes behind them.
      for (const letter of letters) this.#room.noteDropped(letter);
      return new Map(letters.map((_, index) => [index, 'dead-letters-away']));
    }
  }

  /** @throws HubError `database-failed` */
  async head(): Promise<SpooledLines | undefined> {
    const entry = await this.#store.head(headLimits);
    if (entry !== undefined) this.#levels.oldestMs = entry.oldestMs;
    return entry;
  }

  /** The store has these lines except the refused ones (line index → reason). @throws HubError `database-failed` */
  async written(entry: SpooledLines, refused: ReadonlyMap<number, string>): Promise<void> {
    const letters = [...refused].map(([index, reason]) =>
      addressed({ line: entry.lines[index] ?? '', reason }),
    );
    const { kept, dropped } = await this.#keepLetters(letters, true, (fitting) =>
      this.#change(this.#store.remove(entry.ids, fitting, this.#clock.now())),
    );
    this.#levels.lines -= entry.lines.length;
    this.#levels.size -= entry.size;
    // What is oldest of the rest is known when it is looked at.
    if (this.#levels.lines === 0) this.#levels.oldestMs = null;
    for (const [id, points] of Object.entries(entry.shares)) {
      this.#ledger.moved(this.#ledger.account(id), 'spooled', 'stored', points);
    }
    // They were moved above with all the others.
    for (const { account } of letters)
      this.#ledger.moved(this.#ledger.account(account), 'spooled', 'stored', -1);
    for (const { account } of kept)
      this.#ledger.moved(this.#ledger.account(account), 'spooled', 'deadLettered', 1);
    for (const [index, cause] of dropped) {
      const account = letters[index]?.account;
      if (account !== undefined) this.#ledger.lost(this.#ledger.account(account), 'spooled', cause, 1);
    }
  }

  /**
   * Takes over some of what hubs that have ended left in the same place. Lines take half of the room at most, so that this hub's own
   * devices find some.
   * @returns how many lines and dead letters; undefined: nothing is left for which there is room
   * @throws HubError `database-failed`
   */
  async adopt(
    from: Pick<SharedSpoolStore, 'adopt'>,
  ): Promise<{ lines: number; deadLetters: number } | undefined> {
    const room = {
      size: this.#options.maxSize / 2 - this.#levels.size,
      deadLetters: this.#options.maxDeadLetters - this.#levels.deadLetters,
    };
    const adopted = await this.#change(from.adopt(room));
    if (adopted === undefined) return undefined;
    const { lines, size, deadLetters, oldestMs } = adopted;
    this.#levels.lines += lines;
    this.#levels.size += size;
    this.#levels.deadLetters += deadLetters;
    if (oldestMs !== null) this.#levels.oldestMs = Math.min(oldestMs, this.#levels.oldestMs ?? oldestMs);
    this.#room.carryOver(adopted.deadLettered, adopted.deadLetteredTypes);
    this.#ledger.carryOver(adopted.spooled, 'spooled');
    this.#ledger.carryOver(adopted.deadLettered, 'deadLettered');
    if (lines > 0) this.#notifyFilled();
    return { lines, deadLetters };
  }

  /** Its place does not answer, or does again. @param why undefined: it does */
  found(why: string | undefined): void {
    this.fault = why === undefined ? undefined : this.#meaning(why);
  }

  /** The levels as the disk has them now, the time of the oldest entry among them. @throws HubError `database-failed` */
  measured(): Promise<SpoolLevels> {
    return this.#store.levels();
  }

  page(afterId: number): Promise<SpoolPage | undefined> {
    return this.#store.page(afterId);
  }

  deadLetters(query: { device?: string | undefined; afterId: number; limit: number }): Promise<DeadLetter[]> {
    return this.#store.deadLetters(query);
  }

  /** @throws HubError `dead-letter-unknown` */
  async deadLetter(id: number): Promise<DeadLetter> {
    const letter = await this.#store.deadLetter(id);
    if (letter === undefined) throw new HubError('dead-letter-unknown', String(id), { details: { id } });
    return letter;
  }

  /** Deletes dead letters. @returns how many */
  async purge(selection: DeadLetterSelection): Promise<number> {
    const { shares, types } = await this.#change(this.#store.purge(selection));
    this.#room.removed(shares, types);
    for (const [id, points] of Object.entries(shares)) {
      this.#levels.deadLetters -= points;
      this.#ledger.purged(this.#ledger.account(id), points);
    }
    return sum(shares);
  }

  /** Moves dead letters to the end of the spool, to be written again. @returns how many */
  async retry(selection: DeadLetterSelection): Promise<number> {
    for (let moved = 0; ;) {
      const { shares, types, size } = await this.#change(
        this.#store.retry(selection, retryLines, this.#clock.now()),
      );
      this.#room.removed(shares, types);
      const lines = sum(shares);
      if (lines > 0) this.#filled(lines, size);
      this.#levels.deadLetters -= lines;
      for (const [id, points] of Object.entries(shares)) {
        this.#ledger.moved(this.#ledger.account(id), 'deadLettered', 'spooled', points);
      }
      moved += lines;
      if (lines > 0) this.#notifyFilled();
      if (lines < retryLines) return moved;
    }
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  /** Puts those on disk for which there is room. */
  async #keepLetters(
    letters: readonly NewDeadLetter[],
    acked: boolean,
    put: (kept: readonly NewDeadLetter[]) => Promise<void>,
  ): Promise<DeadLetterAdmission> {
    const admission = this.#room.admit(letters, acked);
    const { kept, dropped } = admission;
    try {
      await put(kept);
    } catch (error) {
      this.#room.release(kept);
      throw error;
    }
    this.#levels.deadLetters += kept.length;
    for (const index of dropped.keys()) {
      const letter = letters[index];
      if (letter !== undefined) this.#room.noteDropped(letter);
    }
    return admission;
  }

  #filled(lines: number, size: number): void {
    this.#levels.lines += lines;
    this.#levels.size += size;
    this.#levels.oldestMs ??= this.#clock.now();
  }

  #notifyFilled(): void {
    for (const follower of this.#followers) follower();
  }

  async #keep(change: Promise<void>): Promise<void> {
    try {
      await this.#change(change);
      this.fault = undefined;
    } catch (error) {
      this.fault = this.#meaning(messageOf(error));
      throw error;
    }
  }

  #meaning(fault: string): string {
    const { whenAway } = this.#store;
    return whenAway === undefined ? fault : `${fault}; ${whenAway}`;
  }

  async #change<T>(change: Promise<T>): Promise<T> {
    this.changes += 1;
    try {
      return await change;
    } finally {
      this.changes += 1;
    }
  }
}

function addressed({ line, reason }: { line: string; reason: string }): NewDeadLetter {
  return { account: accountOf(line), type: typeOf(line), line, reason };
}

function sum(shares: PointsByDevice): number {
  return Object.values(shares).reduce((total, points) => total + points, 0);
}
