import { TwinSaving } from './twin-saving.ts';
import type { DesiredChange, TwinStore } from './twin-store.ts';
import { newTwin, verdictOf, type Twin, type Verdict } from './twin.ts';

/** What is known of every twin without reading it from disk. */
export interface TwinFacts {
  readonly rev: number;
  readonly verdict: Verdict;
  readonly verdictMs: number;
  readonly changedMs: number;
}

interface Entry {
  /** As on disk; undefined: nothing of it is. */
  facts: TwinFacts | undefined;
  /** With changes that are under way to the disk. */
  latest?: Twin | undefined;
  saved?: Twin | undefined;
  loading?: Promise<void> | undefined;
  /** Resolves when the last change so far is on disk; rejects when it failed. */
  writing?: Promise<void> | undefined;
  bytes: number;
}

export interface TwinShelfDeps {
  store: TwinStore;
  /** A change is on disk. @param before undefined: there was nothing of it */
  saved: (device: string, twin: Twin, before: TwinFacts | undefined) => void;
  /** Of twins in memory beside those that are being written. */
  cacheBytes?: number | undefined;
}

const defaultCacheBytes = 67_108_864;
const pageRows = 500;
/** Of a twin in memory, besides its two states: about 400. */
const ownBytes = 400;

/** Every twin: the facts in memory, the states on disk and, as far as there is room, in memory as well. */
export class TwinShelf {
  readonly #deps: TwinShelfDeps;
  readonly #cacheBytes: number;
  readonly #entries = new Map<string, Entry>();
  /** Devices whose states are in memory, those used longest ago first. */
  readonly #cached = new Set<string>();
  #bytes = 0;
  readonly #saving: TwinSaving;

  constructor(deps: TwinShelfDeps) {
    this.#deps = deps;
    this.#cacheBytes = deps.cacheBytes ?? defaultCacheBytes;
    this.#saving = new TwinSaving(deps.store, {
      onDisk: (device) => {
        const saved = this.#entries.get(device)?.saved;
        return saved === newTwin ? undefined : saved;
      },
      saved: (device, twin) => this.#saved(device, twin),
      failed: (device) => this.#failed(device),
    });
  }

  /** @throws HubError `database-failed` */
  async load(): Promise<void> {
    let after = '';
    for (;;) {
      const rows = await this.#deps.store.page(after, pageRows);
      for (const { device, twin } of rows) {
        const entry = this.#entry(device);
        entry.facts = factsOf(twin);
        this.#hold(device, entry, twin);
        after = device;
      }
      if (rows.length < pageRows) return;
    }
  }

  get writeFailures(): number {
    return this.#saving.failures;
  }

  /** Of all twins of which something is on disk. */
  *all(): Generator<readonly [device: string, facts: TwinFacts]> {
    for (const [device, { facts }] of this.#entries) if (facts !== undefined) yield [device, facts];
  }

  facts(device: string): TwinFacts | undefined {
    return this.#entries.get(device)?.facts;
  }

  /** As it is on disk. @throws HubError `database-failed` */
  read(device: string): Promise<Twin> {
    return this.use(device, () => this.#entries.get(device)?.saved ?? newTwin);
  }

  /**
   * Hands over the twin with the changes that are under way to the disk: what the next change builds on, if it is put in the
   * same turn. At once when it is in memory.
   * @throws HubError `database-failed`
   */
  async use<Result>(device: string, work: (twin: Twin) => Result): Promise<Result> {
    for (;;) {
      const entry = this.#entry(device);
      if (entry.latest !== undefined) {
        this.#touch(device);
        return work(entry.latest);
      }
      await (entry.loading ??= this.#load(device, entry));
    }
  }

  /** Resolves when the change is on disk. It was made from the one that `use` handed over, in the same turn. @throws HubError `database-failed` · TwinOvertaken */
  put(device: string, twin: Twin, change?: DesiredChange): Promise<void> {
    const entry = this.#entry(device);
    this.#hold(device, entry, twin, entry.saved);
    const writing = this.#saving.save(device, twin, change);
    entry.writing = writing;
    const ended = (): void => {
      if (entry.writing === writing) entry.writing = undefined;
    };
    writing.then(ended, ended);
    return writing;
  }

  /** Resolves when what changed of this twin so far is on disk. @throws as `put` */
  settled(device: string): Promise<void> {
    return this.#entries.get(device)?.writing ?? Promise.resolve();
  }

  /** What is on disk may be newer: it is read again when it is used. Changes that are on their way there stay. */
  drop(device: string): void {
    const entry = this.#entries.get(device);
    if (entry?.latest === entry?.saved) this.#release(device);
  }

  /** The device is gone. */
  forget(device: string): void {
    this.#saving.drop(device);
    this.#release(device);
    this.#entries.delete(device);
  }

  /** Resolves when nothing is being written any more. */
  closed(): Promise<void> {
    return this.#saving.settled();
  }

  #entry(device: string): Entry {
    let entry = this.#entries.get(device);
    if (entry === undefined) {
      entry = { facts: undefined, bytes: 0 };
      this.#entries.set(device, entry);
    }
    return entry;
  }

  async #load(device: string, entry: Entry): Promise<void> {
    try {
      const found = await this.#deps.store.find(device);
      // Removed in the meantime.
      if (this.#entries.get(device) !== entry) return;
      entry.facts = found && factsOf(found);
      this.#hold(device, entry, found ?? newTwin);
    } finally {
      entry.loading = undefined;
    }
  }

  /** @param saved what is on disk, when that is another */
  #hold(device: string, entry: Entry, latest: Twin, saved = latest): void {
    this.#release(device);
    entry.latest = latest;
    entry.saved = saved;
    entry.bytes = ownBytes + bytesOf(latest) + (saved === latest ? 0 : bytesOf(saved));
    this.#bytes += entry.bytes;
    this.#cached.add(device);
    this.#makeRoom();
  }

  #release(device: string): void {
    const entry = this.#entries.get(device);
    if (entry === undefined || !this.#cached.delete(device)) return;
    this.#bytes -= entry.bytes;
    entry.latest = undefined;
    entry.saved = undefined;
    entry.bytes = 0;
  }

  #touch(device: string): void {
    this.#cached.delete(device);
    this.#cached.add(device);
  }

  /** What is not on disk yet stays, and the newest one does. */
  #makeRoom(): void {
    // Before the loop: the first step of an iterator passes every place that `#touch` has left empty.
    if (this.#bytes <= this.#cacheBytes) return;
    for (const device of this.#cached) {
      if (this.#bytes <= this.#cacheBytes || this.#cached.size === 1) return;
      const entry = this.#entries.get(device);
      if (entry?.latest === entry?.saved) this.#release(device);
    }
  }

  #saved(device: string, twin: Twin): void {
    const entry = this.#entries.get(device);
    // Removed in the meantime.
    if (entry === undefined) return;
    const before = entry.facts;
    entry.facts = factsOf(twin);
    this.#hold(device, entry, entry.latest ?? twin, twin);
    this.#deps.saved(device, twin, before);
  }

  #failed(device: string): void {
    this.#release(device);
  }
}

function factsOf(twin: Twin): TwinFacts {
  const { rev, verdictMs, changedMs } = twin;
  return { rev, verdict: verdictOf(twin), verdictMs, changedMs };
}

function bytesOf({ desired, reported }: Twin): number {
  return JSON.stringify(desired).length + JSON.stringify(reported).length;
}
