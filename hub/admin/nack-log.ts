import type { NackRow } from '../../schemas/api/rejects.ts';
import { faultText } from '../../schemas/field-error.ts';
import type { NackFrame } from '../../schemas/index.ts';
import type { Clock } from '../../schemas/time/clock.ts';
import type { NackedDevice } from '../sessions/nack.ts';

/** Kept of one device. */
const keptRows = 20;

/** The meaning of codes that name no field. */
const words: Readonly<Record<string, string>> = {
  rate: 'it sends more than it may',
  overloaded: 'the hub is overloaded',
  'not-open': 'the session is not open yet',
  'unknown-command': 'the hub never sent this command',
};

/** The last refusals of every device. Those without a field are counted, so that a flood of them is one row. */
export class NackLog {
  readonly #clock: Clock;
  readonly #rows = new Map<string, NackRow[]>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @returns its row */
  note({ id, firmware }: NackedDevice, frame: NackFrame, stream: string | undefined): NackRow {
    let rows = this.#rows.get(id);
    if (rows === undefined) {
      rows = [];
      this.#rows.set(id, rows);
    }
    const { code, seq } = frame;
    const timeMs = this.#clock.now();
    const [error] = frame.errors ?? [];
    const last = rows.at(-1);
    if (error === undefined && last?.code === code && last.field === undefined) {
      last.timeMs = timeMs;
      last.times = (last.times ?? 1) + 1;
      if (seq !== undefined) last.seq = seq;
      return last;
    }
    const row: NackRow = {
      timeMs,
      code,
      ...(seq === undefined ? {} : { seq }),
      ...(stream === undefined ? {} : { stream }),
      ...(error === undefined ? {} : { field: error.path, rule: error.keyword }),
      message: error === undefined ? (words[code] ?? code) : faultText(error),
      ...(firmware === undefined ? {} : { firmware }),
    };
    rows.push(row);
    if (rows.length > keptRows) rows.shift();
    return row;
  }

  /** Newest first. */
  of(deviceId: string): NackRow[] {
    return (this.#rows.get(deviceId) ?? []).toReversed();
  }

  forget(deviceId: string): void {
    this.#rows.delete(deviceId);
  }
}
