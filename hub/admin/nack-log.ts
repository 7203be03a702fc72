import type { NackRow } from '../../schemas/api/telemetry/rejects.ts';
import { faultText } from '../../schemas/field-error.ts';
import type { NackFrame } from '../../schemas/index.ts';
import { DeviceLists, type DeviceListStore } from '../kernel/device-lists.ts';
import type { Log } from '../kernel/log.ts';
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

/**
 * The last refusals of every device, which outlive a restart. Those without a field are counted, so that a flood of them is
 * one row.
 */
export class NackLog {
  readonly #clock: Clock;
  /** Saved by who starts this part. */
  readonly lists: DeviceLists<NackRow>;

  constructor({ clock, ...deps }: { clock: Clock; store: DeviceListStore<NackRow>; log: Log }) {
    this.#clock = clock;
    this.lists = new DeviceLists({ ...deps, bound, timeOf: ({ timeMs }) => timeMs });
  }

  /** @returns its row */
  note({ id, firmware }: NackedDevice, frame: NackFrame, stream: string | undefined): NackRow {
    const { code, seq } = frame;
    const timeMs = this.#clock.now();
    const [error] = frame.errors ?? [];
    const last = this.lists.last(id);
    if (error === undefined && last?.code === code && last.field === undefined) {
      last.timeMs = timeMs;
      last.times = (last.times ?? 1) + 1;
      if (seq !== undefined) last.seq = seq;
      this.lists.changed(id);
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
    this.lists.add(id, row);
    return row;
  }

  /** Newest first. */
  async of(deviceId: string): Promise<NackRow[]> {
    return (await this.lists.of(deviceId)).toReversed();
  }

  forget(deviceId: string): void {
    this.lists.forget(deviceId);
  }
}

function bound(rows: NackRow[]): void {
  if (rows.length > keptRows) rows.splice(0, rows.length - keptRows);
}
