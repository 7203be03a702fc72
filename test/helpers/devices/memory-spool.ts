import type { DeadLetter, DeadLetterSelection } from '../../../schemas/api/telemetry/spool.ts';
import type { PointsByDevice } from '../../../hub/telemetry/ledger.ts';
import type { NewDeadLetter, RemovedLetters, SpoolStore } from '../../../hub/telemetry/spool-store.ts';

interface Entry {
  id: number;
  lines: readonly string[];
  shares: PointsByDevice;
  size: number;
  nowMs: number;
}

/** The spool in memory, by the rules of the real file, with a disk that can be said to be full. */
export class MemorySpool implements SpoolStore {
  readonly entries: Entry[] = [];
  letters: (DeadLetter & NewDeadLetter)[] = [];
  #nextId = 1;
  /** What every change is refused with; undefined: changes are taken. */
  fault: Error | undefined;

  async levels() {
    await this.#turn();
    return {
      lines: total(this.entries.map(({ lines }) => lines.length)),
      size: total(this.entries.map(({ size }) => size)),
      deadLetters: this.letters.length,
      oldestMs: this.entries[0]?.nowMs ?? null,
    };
  }

  async shares() {
    await this.#turn();
    return {
      spooled: merged(this.entries.map(({ shares }) => shares)),
      deadLettered: merged(this.letters.map(({ account }) => ({ [account]: 1 }))),
      deadLetteredTypes: merged(this.letters.map(({ type }) => ({ [type]: 1 }))),
    };
  }

  async append(entry: Omit<Entry, 'id'>): Promise<void> {
    await this.#change();
    this.entries.push({ ...entry, id: this.#nextId++ });
  }

  async head(limits: { lines: number; size: number }) {
    await this.#turn();
    const taken: Entry[] = [];
    for (const entry of this.entries) {
      const lines = total([...taken, entry].map((one) => one.lines.length));
      const size = total([...taken, entry].map((one) => one.size));
      if (taken.length > 0 && (lines > limits.lines || size > limits.size)) break;
      taken.push(entry);
    }
    if (taken.length === 0) return undefined;
    return {
      ids: taken.map(({ id }) => id),
      oldestMs: taken[0]?.nowMs ?? 0,
      lines: taken.flatMap(({ lines }) => lines),
      shares: merged(taken.map(({ shares }) => shares)),
      size: total(taken.map(({ size }) => size)),
    };
  }

  async remove(ids: readonly number[], refused: readonly NewDeadLetter[], nowMs: number): Promise<void> {
    await this.#change();
    this.entries.splice(0, this.entries.filter(({ id }) => ids.includes(id)).length);
    this.#bury(refused, nowMs);
  }

  async page(afterId: number) {
    await this.#turn();
    const entry = this.entries.find(({ id }) => id > afterId);
    return entry === undefined ? undefined : { lastId: entry.id, text: `${entry.lines.join('\n')}\n` };
  }

  async addDeadLetters(letters: readonly NewDeadLetter[], nowMs: number): Promise<void> {
    await this.#change();
    this.#bury(letters, nowMs);
  }

  async deadLetters({ device, afterId, limit }: { device?: string; afterId: number; limit: number }) {
    await this.#turn();
    return this.letters
      .filter(({ id, account }) => id > afterId && (device === undefined || account === device))
      .slice(0, limit);
  }

  async deadLetter(id: number) {
    await this.#turn();
    return this.letters.find((letter) => letter.id === id);
  }

  async purge(selection: DeadLetterSelection): Promise<RemovedLetters> {
    await this.#change();
    return removedOf(this.#take(selection, Infinity));
  }

  async retry(selection: DeadLetterSelection, limit: number, nowMs: number) {
    await this.#change();
    const taken = this.#take(selection, limit);
    const removed = removedOf(taken);
    const { shares } = removed;
    const lines = taken.map(({ line }) => line);
    const size = total(lines.map((line) => line.length + 1));
    if (lines.length > 0) this.entries.push({ id: this.#nextId++, lines, shares, size, nowMs });
    return { ...removed, size };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #take(selection: DeadLetterSelection, limit: number): (DeadLetter & NewDeadLetter)[] {
    const wanted = ({ id, account }: DeadLetter): boolean => {
      if ('ids' in selection) return selection.ids.includes(id);
      return 'device' in selection ? selection.device === account : true;
    };
    const taken = this.letters.filter(wanted).slice(0, limit);
    this.letters = this.letters.filter((letter) => !taken.includes(letter));
    return taken;
  }

  #bury(letters: readonly NewDeadLetter[], refusedMs: number): void {
    for (const letter of letters) this.letters.push({ ...letter, id: this.#nextId++, refusedMs });
  }

  /** As the real one, it never answers within the call. */
  async #turn(): Promise<void> {
    await Promise.resolve();
  }

  async #change(): Promise<void> {
    await this.#turn();
    if (this.fault !== undefined) throw this.fault;
  }
}

function removedOf(letters: readonly NewDeadLetter[]): RemovedLetters {
  return {
    shares: merged(letters.map(({ account }) => ({ [account]: 1 }))),
    types: merged(letters.map(({ type }) => ({ [type]: 1 }))),
  };
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}

function merged(all: readonly PointsByDevice[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const [id, points] of all.flatMap((shares) => Object.entries(shares))) {
    sum[id] = (sum[id] ?? 0) + points;
  }
  return sum;
}
