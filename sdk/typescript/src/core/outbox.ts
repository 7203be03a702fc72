import { limits } from '../../../../schemas/limits.ts';
import type { EventFrame, TelemetryFrame } from '../../../../schemas/protocol/device-frames.ts';
import type { NackFrame, SessionLimits } from '../../../../schemas/protocol/hub-frames.ts';
import type { FrameCodec } from './frame-codec.ts';
import { recordOf, type KeptReading, type Loaded } from './kept-reading.ts';
import { Moments } from './moments.ts';
import type { HubStore } from './ports.ts';

/** The outcome of one reading or event. */
export type Settlement =
  | { kind: 'stored' }
  /** The hub will never accept it; the nack says why. */
  | { kind: 'refused'; nack: NackFrame }
  /** Lost on the device's own side. */
  | { kind: 'dropped'; cause: 'outbox-full' | 'closed' | 'unwritable' };

/** One reading or event, kept until it is settled. */
export interface OutboxItem extends KeptReading {
  settle: (settlement: Settlement) => void;
}

interface Kept extends OutboxItem {
  /** Readings are sent in the order they were taken, even when they are sent again. */
  order: number;
  /** Its number in the store; 0: it is not there. */
  record: number;
  bytes: number;
  settled: boolean;
}

interface OutboxStore {
  /** The name of this boot. */
  boot: string;
  store: HubStore;
  /** What the store has from earlier boots. */
  loaded: Loaded;
  /** The store did not take a reading, for the first time; it is kept in memory only. */
  notKept: () => void;
}

/** Space for everything in a frame except its samples. */
const envelopeBytes = 512;

/**
 * Readings on their way to the hub. A reading stays here until its frame is settled: stored, or permanently rejected.
 * Readings in flight when a session ended are sent again in the next one under new seqs. That is harmless, because a
 * reading that is sent twice is stored once.
 *
 * Bounded by `capacity`. When it is full, a new reading replaces the oldest one that is not in flight, which is counted
 * and settled as `dropped`: after a long time without a hub the newest readings are worth the most.
 */
export class Outbox {
  readonly #capacity: number;
  readonly #sizeOf: FrameCodec['sizeOf'];
  #kept: OutboxStore | undefined;
  #waiting: Kept[] = [];
  readonly #inFlight = new Map<number, Kept[]>();
  #taken = 0;
  #unsettled = 0;
  /** Limit after the hub rejected a frame as too large. */
  #maxSamples = Infinity;
  /** The times of what is added. */
  readonly moments = new Moments();
  readonly counts = { measured: 0, settled: 0, refused: 0, lost: 0, notKept: 0 };

  /**
   * @param capacity readings and events, waiting and in flight
   * @param sizeOf the most bytes that a sample takes in a frame; undefined when it cannot be written
   * @param kept where they outlive a reboot; what it has is sent again
   */
  constructor(capacity: number, sizeOf: FrameCodec['sizeOf'], kept?: OutboxStore) {
    this.#capacity = capacity;
    this.#sizeOf = sizeOf;
    this.#kept = kept;
    this.counts.lost += kept?.loaded.damaged ?? 0;
    for (const { record, ...item } of kept?.loaded.readings ?? []) {
      // Whoever took it is gone with its boot.
      const again = { ...item, settle: () => undefined };
      const bytes = this.#bytesOf(again);
      if (bytes === undefined) {
        kept?.store.drop(record);
        this.#lose(again, 'unwritable');
        continue;
      }
      this.#keep(again, { record, bytes });
      if (this.#unsettled > capacity) this.#dropOldest();
    }
  }

  /** Readings kept: waiting or in flight. */
  get size(): number {
    return this.#unsettled;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Takes a reading, or settles it as dropped. */
  add(item: OutboxItem): void {
    this.counts.measured += 1;
    const copy = asWritten(item);
    const bytes = copy && this.#bytesOf(copy);
    if (copy === undefined || bytes === undefined) return this.#lose(item, 'unwritable');
    if (this.#unsettled >= this.#capacity) this.#dropOldest();
    if (this.#unsettled >= this.#capacity) return this.#lose(item, 'outbox-full');
    let record = 0;
    if (this.#kept !== undefined) {
      record = this.#kept.store.append(recordOf(copy, this.#kept.boot));
      if (record === 0) {
        this.counts.notKept += 1;
        if (this.counts.notKept === 1) this.#kept.notKept();
      }
    }
    this.#keep(copy, { record, bytes });
  }

  /**
   * The next data frame, or undefined when nothing waits. Waiting readings of one stream leave together as `samples`,
   * as many as the limits allow. One that is longer than this hub takes waits for another limit, and holds up nothing.
   */
  take(seq: number, session: SessionLimits): TelemetryFrame | EventFrame | undefined {
    const at = this.#waiting.findIndex(({ bytes }) => bytes + envelopeBytes <= session.frameBytes);
    const first = this.#waiting[at];
    if (first === undefined) return undefined;
    const items = this.#waiting.splice(at, this.#runLength(at, first, session));
    this.#inFlight.set(seq, items);
    return frameOf(seq, first, items);
  }

  /** Everything up to this seq that was not nacked is stored. */
  ack(upTo: number): void {
    for (const [seq, items] of this.#inFlight) {
      // Seqs were added in ascending order, which a Map preserves.
      if (seq > upTo) break;
      this.#inFlight.delete(seq);
      for (const item of items) this.#settle(item, { kind: 'stored' });
    }
  }

  /** A frame or some of its samples were rejected: temporarily, so that they wait again, or permanently. */
  nack(seq: number, nack: NackFrame): void {
    const items = this.#inFlight.get(seq);
    if (items === undefined) return;
    const { rejectedSamples } = nack;
    const refused =
      rejectedSamples === undefined ? items : items.filter((_, index) => rejectedSamples.includes(index));
    if (rejectedSamples === undefined) this.#inFlight.delete(seq);
    if (nack.retry) {
      // A copy waits, so that the ack of this frame does not settle it.
      const again: Kept[] = [];
      for (const item of refused) {
        if (!item.settled) again.push({ ...item });
        item.settled = true;
      }
      this.#putBack(again);
    } else if (nack.code === 'too-large' && rejectedSamples === undefined && refused.length > 1) {
      this.#maxSamples = Math.max(1, Math.floor(Math.min(this.#maxSamples, refused.length) / 2));
      this.#putBack(refused);
    } else {
      for (const item of refused) this.#settle(item, { kind: 'refused', nack });
    }
  }

  /** The session has ended: its readings in flight wait for the next one. */
  sessionEnded(): void {
    this.#putBack([...this.#inFlight.values()].flat());
    this.#inFlight.clear();
  }

  /** The hub closed with 1009: halves the size of frames. */
  halve(): void {
    const longest = Math.max(1, ...[...this.#inFlight.values()].map((items) => items.length));
    this.#maxSamples = Math.max(1, Math.floor(Math.min(this.#maxSamples, longest) / 2));
  }

  /** Drops everything that is kept; the store keeps it for the next boot. */
  close(): void {
    this.sessionEnded();
    const store = this.#kept?.store;
    this.#kept = undefined;
    for (const item of this.#waiting.splice(0)) this.#settle(item, { kind: 'dropped', cause: 'closed' });
    store?.close();
  }

  /** The most that it takes in a frame; undefined when no frame of the protocol can hold it. */
  #bytesOf({ time, data }: KeptReading): number | undefined {
    const bytes = this.#sizeOf({ ...time, data });
    return bytes === undefined || bytes + envelopeBytes > limits.frameBytes ? undefined : bytes;
  }

  #keep(item: OutboxItem, place: Pick<Kept, 'record' | 'bytes'>): void {
    this.#taken += 1;
    this.#unsettled += 1;
    this.#waiting.push({ ...item, ...place, order: this.#taken, settled: false });
  }

  /** How many of the readings that wait go into one frame. */
  #runLength(at: number, first: Kept, session: SessionLimits): number {
    const longest = first.what.kind === 'event' ? 1 : Math.min(session.samples, this.#maxSamples);
    let bytes = envelopeBytes;
    let length = 0;
    while (length < longest) {
      const item = this.#waiting[at + length];
      if (item === undefined || !goTogether(first, item)) break;
      bytes += item.bytes;
      if (bytes > session.frameBytes) break;
      length += 1;
    }
    return Math.max(1, length);
  }

  #putBack(items: readonly Kept[]): void {
    const unsettled = items.filter((item) => !item.settled);
    if (unsettled.length === 0) return;
    this.#waiting = [...unsettled, ...this.#waiting].toSorted((a, b) => a.order - b.order);
  }

  #dropOldest(): void {
    const oldest = this.#waiting.shift();
    if (oldest !== undefined) this.#settle(oldest, { kind: 'dropped', cause: 'outbox-full' });
  }

  #lose(item: OutboxItem, cause: 'outbox-full' | 'unwritable'): void {
    this.counts.lost += 1;
    item.settle({ kind: 'dropped', cause });
  }

  #settle(item: Kept, settlement: Settlement): void {
    if (item.settled) return;
    item.settled = true;
    this.#unsettled -= 1;
    if (settlement.kind === 'stored') this.counts.settled += 1;
    else if (settlement.kind === 'refused') this.counts.refused += 1;
    else if (settlement.cause !== 'closed' || item.record === 0) this.counts.lost += 1;
    if (item.record !== 0) this.#kept?.store.drop(item.record);
    item.settle(settlement);
  }
}

/**
 * The reading as JSON writes it, so that it no longer changes when whoever measured it goes on to use the object.
 * @returns undefined when JSON cannot hold it (a cycle, a BigInt)
 */
function asWritten(item: OutboxItem): OutboxItem | undefined {
  try {
    const text = JSON.stringify(item.data) as string | undefined;
    return { ...item, data: text === undefined ? undefined : (JSON.parse(text) as unknown) };
  } catch {
    return undefined;
  }
}

function goTogether(a: Kept, b: Kept): boolean {
  return (
    a.what.kind === 'reading' &&
    b.what.kind === 'reading' &&
    a.what.stream === b.what.stream &&
    a.backfill === b.backfill &&
    a.boot === b.boot
  );
}

function frameOf(seq: number, first: Kept, items: readonly Kept[]): TelemetryFrame | EventFrame {
  const { what, time, data } = first;
  const flags = {
    ...(first.backfill ? { backfill: true } : {}),
    ...(first.boot === undefined ? {} : { boot: first.boot }),
  };
  if (what.kind === 'event') {
    const { name, severity } = what;
    return { type: 'event', seq, ...time, name, severity, ...(data === undefined ? {} : { data }), ...flags };
  }
  if (items.length === 1) return { type: 'telemetry', seq, stream: what.stream, ...time, data, ...flags };
  const samples = items.map((item) => ({ ...item.time, data: item.data }));
  return { type: 'telemetry', seq, stream: what.stream, samples, ...flags };
}
