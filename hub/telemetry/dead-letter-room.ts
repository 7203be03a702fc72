import type { DropCause, PointsByDevice } from './ledger.ts';
import type { NewDeadLetter } from './spool-store.ts';

/** Of all the room, what the lines of one device may take that are refused before they are acked: it is notified of each. */
const deviceShare = 0.01;
/** And those that it was acked for, because they were spooled while the store was away. */
const ackedShare = 0.1;
/** What the devices of one type may take together. */
const typeShare = 0.5;
/** A share is never smaller than this, as far as there is so much room. */
const smallestShare = 100;

/** Which of some letters are kept. */
export interface DeadLetterAdmission {
  kept: NewDeadLetter[];
  /** By index: why it is not kept. */
  dropped: ReadonlyMap<number, DropCause>;
}

/**
 * Who may take how much of the room for dead letters. One device whose every line is refused would fill it within
 * seconds, so each device and each type has a share; what a device sends beyond it is dropped and counted, and concerns
 * nobody else.
 */
export class DeadLetterRoom {
  readonly #max: number;
  readonly #byDevice = new Map<string, number>();
  readonly #byType = new Map<string, number>();
  readonly #droppedOf = new Map<string, number>();
  #total = 0;

  /** @param max dead letters altogether */
  constructor(max: number) {
    this.#max = max;
  }

  get full(): boolean {
    return this.#total >= this.#max;
  }

  /** How many refused lines of the account were dropped since the hub started. */
  droppedOf(account: string): number {
    return this.#droppedOf.get(account) ?? 0;
  }

  /** What the disk held when the hub started. */
  carryOver(byDevice: PointsByDevice, byType: PointsByDevice): void {
    this.#move(byDevice, byType, 1);
  }

  /** They are gone from the disk: purged, or on their way to the store again. */
  removed(byDevice: PointsByDevice, byType: PointsByDevice): void {
    this.#move(byDevice, byType, -1);
  }

  /**
   * Takes the room of those that are kept. `release` them when they do not reach the disk, `noteDropped` when they do.
   * @param acked they were acked to devices as stored
   */
  admit(letters: readonly NewDeadLetter[], acked: boolean): DeadLetterAdmission {
    const kept: NewDeadLetter[] = [];
    const dropped = new Map<number, DropCause>();
    for (const [index, letter] of letters.entries()) {
      const cause = this.#refusal(letter, acked);
      if (cause !== undefined) {
        dropped.set(index, cause);
        continue;
      }
      kept.push(letter);
      this.#count(letter, 1);
    }
    return { kept, dropped };
  }

  release(kept: readonly NewDeadLetter[]): void {
    for (const letter of kept) this.#count(letter, -1);
  }

  noteDropped({ account }: NewDeadLetter): void {
    this.#droppedOf.set(account, this.droppedOf(account) + 1);
  }

  #refusal({ account, type }: NewDeadLetter, acked: boolean): DropCause | undefined {
    if (this.full) return 'dead-letters-full';
    const ofDevice = this.#byDevice.get(account) ?? 0;
    // The hub's own points have no type and no share: there are few of them.
    if (type === '') return undefined;
    if (ofDevice >= this.#share(acked ? ackedShare : deviceShare)) return 'dead-letter-share';
    const ofType = this.#byType.get(type) ?? 0;
    return !acked && ofType >= this.#share(typeShare) ? 'dead-letter-share' : undefined;
  }

  #share(part: number): number {
    return Math.max(smallestShare, Math.ceil(this.#max * part));
  }

  #count({ account, type }: NewDeadLetter, by: 1 | -1): void {
    this.#total += by;
    add(this.#byDevice, account, by);
    add(this.#byType, type, by);
  }

  #move(byDevice: PointsByDevice, byType: PointsByDevice, by: 1 | -1): void {
    for (const [account, count] of Object.entries(byDevice)) {
      this.#total += count * by;
      add(this.#byDevice, account, count * by);
    }
    for (const [type, count] of Object.entries(byType)) add(this.#byType, type, count * by);
  }
}

function add(counts: Map<string, number>, key: string, by: number): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}
