import type { FieldError, Sample } from '../../schemas/index.ts';
import type { Device, Settlement } from '../../sdk/typescript/src/node.ts';
import type { CellFault, Recording } from './recording.ts';

/** A row that the hub permanently rejected. */
export interface RefusedRow {
  line: number;
  ts: number;
  code: string;
  /** Which field and which rule, if the hub named them. */
  errors: readonly FieldError[];
}

export interface RepeatedStamp {
  line: number;
  ts: number;
}

export interface ReplaySummary {
  file: string;
  /** Rows read: sent + skipped. */
  rows: number;
  sent: number;
  stored: number;
  refused: number;
  /** Rows without anything that could be sent. */
  skipped: number;
  /** Empty or unreadable cells in rows that were sent without them. */
  cellsLeftOut: number;
  /** Rows with the time of an earlier row. They are sent too; the same (stream, time) merges into one point. */
  repeated: number;
  /** The resulting points: distinct times among the stored rows. */
  distinctPoints: number;
  /** Rows in an hour that occurs twice in the zone. */
  inRepeatedHour: number;
  /** Rows that were sent but not settled; only when the replay was interrupted. */
  unsettled: number;
  seconds: number;
  /** The first 1,000 of each. */
  firstRefused: RefusedRow[];
  firstFaults: CellFault[];
  firstRepeated: RepeatedStamp[];
}

/** How many details of each kind are kept: a damaged file must not fill the memory. */
const detailsKept = 1000;
/** Samples per frame; the client sends smaller frames if the hub's limits demand it. */
const batchRows = 500;
/** Unsettled batches given to the client: enough to fill half of a usual window, which triggers an ack. */
const batchesAhead = 32;

/** The outbox capacity that the client needs for a replay, so that no reading is dropped. */
export const replayOutboxCapacity = (batchesAhead + 1) * batchRows;

interface Pending {
  line: number;
  sample: Sample & { ts: number };
}

/** Replays a recording as a device, with its original times as backfill, and waits until each row is settled. */
export class Replay {
  readonly summary: ReplaySummary;
  readonly #recording: Recording;
  readonly #client: Device;
  readonly #stream: string;
  readonly #startedMs = performance.now();
  /** Times read and times stored, about 50 bytes per row. */
  readonly #read = new Set<number>();
  readonly #stored = new Set<number>();

  /** @param client connected, or about to be, with an outbox of `replayOutboxCapacity` */
  constructor(recording: Recording, client: Device, stream: string) {
    this.#recording = recording;
    this.#client = client;
    this.#stream = stream;
    this.summary = {
      file: recording.file,
      rows: 0,
      sent: 0,
      stored: 0,
      refused: 0,
      skipped: 0,
      cellsLeftOut: 0,
      repeated: 0,
      distinctPoints: 0,
      inRepeatedHour: 0,
      unsettled: 0,
      seconds: 0,
      firstRefused: [],
      firstFaults: [],
      firstRepeated: [],
    };
  }

  /** The settled share of the file, 0…1, estimated from the bytes read. */
  get share(): number {
    const { rows, stored, refused, skipped } = this.summary;
    const { fileBytes } = this.#recording;
    if (rows === 0 || fileBytes === 0) return 0;
    return ((stored + refused + skipped) / rows) * Math.min(1, this.#recording.bytesRead() / fileBytes);
  }

  /**
   * Reads, sends and waits. Damaged rows are recorded and do not stop it. Resolves when every row is settled, or after
   * `signal` with what is settled by then.
   * @throws the errors of reading the file
   */
  async run(signal: AbortSignal): Promise<ReplaySummary> {
    const aborted = new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
      if (signal.aborted) resolve();
    });
    const batches: Promise<void>[] = [];
    let batch: Pending[] = [];
    const flush = (): void => {
      if (batch.length > 0) batches.push(this.#send(batch));
      batch = [];
    };
    for await (const row of this.#recording.rows()) {
      if (signal.aborted) break;
      this.#note(row.faults, row.reading !== undefined);
      if (row.twice !== undefined) this.summary.inRepeatedHour += 1;
      if (row.reading === undefined) continue;
      this.#noteStamp(row.line, row.reading.ts);
      batch.push({ line: row.line, sample: row.reading });
      if (batch.length === batchRows) flush();
      // Batches settle in order, except for the rare one that is sent again.
      if (batches.length >= batchesAhead) await Promise.race([batches.shift(), aborted]);
    }
    if (!signal.aborted) flush();
    await Promise.race([Promise.all(batches), aborted]);
    const { summary } = this;
    summary.distinctPoints = this.#stored.size;
    summary.unsettled = summary.sent - summary.stored - summary.refused;
    summary.seconds = (performance.now() - this.#startedMs) / 1000;
    return summary;
  }

  async #send(batch: readonly Pending[]): Promise<void> {
    this.summary.sent += batch.length;
    const samples = batch.map(({ sample }) => sample);
    const settlements = await this.#client.measureAll(this.#stream, samples, { backfill: true });
    for (const [index, { line, sample }] of batch.entries())
      this.#settled(line, sample.ts, settlements[index]);
  }

  #settled(line: number, ts: number, settlement: Settlement | undefined): void {
    const { summary } = this;
    if (settlement?.kind === 'stored') {
      summary.stored += 1;
      this.#stored.add(ts);
    } else if (settlement?.kind === 'refused') {
      summary.refused += 1;
      const { code, errors = [] } = settlement.nack;
      if (summary.firstRefused.length < detailsKept) summary.firstRefused.push({ line, ts, code, errors });
    }
  }

  #note(faults: readonly CellFault[], sent: boolean): void {
    const { summary } = this;
    summary.rows += 1;
    if (!sent) summary.skipped += 1;
    else summary.cellsLeftOut += faults.length;
    for (const fault of faults) if (summary.firstFaults.length < detailsKept) summary.firstFaults.push(fault);
  }

  #noteStamp(line: number, ts: number): void {
    const { summary } = this;
    if (this.#read.has(ts)) {
      summary.repeated += 1;
      if (summary.firstRepeated.length < detailsKept) summary.firstRepeated.push({ line, ts });
    }
    this.#read.add(ts);
  }
}
