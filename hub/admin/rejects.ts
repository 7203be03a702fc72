import type { RejectReport, RejectRow } from '../../schemas/api/rejects.ts';
import type { NackFrame } from '../../schemas/index.ts';
import type { Clock } from '../../schemas/time/clock.ts';
import type { MayShow } from '../registry/visibility.ts';
import type { NackedDevice } from '../sessions/nack.ts';

interface Share {
  count: number;
  lastMs: number;
  message: string;
}

type Common = Pick<RejectRow, 'type' | 'stream' | 'field' | 'rule' | 'firmware'>;

interface Entry {
  common: Common;
  /** The first device of the row. */
  by: string;
  count: number;
  /** The devices that were refused last. A limited viewer gets the total of its own. */
  devices: Map<string, Share>;
}

const maxRows = 1_000;
const maxDevices = 50;
/** Rows that one device may start: it chooses paths and firmware itself. */
const maxRowsOfDevice = 20;

/** Refusals since the hub started, by field and firmware. When full, the row whose last refusal is oldest is dropped. */
export class Rejects {
  readonly #clock: Clock;
  /** By everything they have in common; the most recent one is last. */
  readonly #entries = new Map<string, Entry>();
  /** How many rows each device started. */
  readonly #begun = new Map<string, number>();
  #other = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Counts refusals that name a field. @param message as the device's own list has it */
  note(device: NackedDevice, { errors }: NackFrame, stream: string | undefined, message: string): void {
    const [error] = errors ?? [];
    if (error === undefined) return;
    const { type = '', firmware = '' } = device;
    const common = { type, stream: stream ?? '', field: error.path, rule: error.keyword, firmware };
    const key = JSON.stringify(Object.values(common));
    const entry = this.#entries.get(key) ?? this.#begin(device.id, common);
    if (entry === undefined) {
      this.#other += 1;
      return;
    }
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    entry.count += 1;
    const share = entry.devices.get(device.id);
    entry.devices.delete(device.id);
    entry.devices.set(device.id, {
      count: (share?.count ?? 0) + 1,
      lastMs: this.#clock.now(),
      message,
    });
    dropFirst(entry.devices, maxDevices);
    const [oldest] = this.#entries;
    if (this.#entries.size > maxRows && oldest !== undefined) this.#drop(...oldest);
  }

  /** @param mayShow not given: of all devices; otherwise of those among the last of each row that it may show */
  report(mayShow?: MayShow): RejectReport {
    const rejects = [...this.#entries.values()].flatMap((entry) => rowOf(entry, mayShow) ?? []);
    return {
      rejects: rejects.toSorted((a, b) => b.count - a.count || b.lastMs - a.lastMs),
      other: mayShow === undefined ? this.#other : 0,
    };
  }

  forget(deviceId: string): void {
    for (const [key, entry] of this.#entries) {
      entry.devices.delete(deviceId);
      if (entry.devices.size === 0) this.#drop(key, entry);
    }
    this.#begun.delete(deviceId);
  }

  #begin(by: string, common: Common): Entry | undefined {
    const begun = this.#begun.get(by) ?? 0;
    if (begun >= maxRowsOfDevice) return undefined;
    this.#begun.set(by, begun + 1);
    return { common, by, count: 0, devices: new Map() };
  }

  #drop(key: string, { count, by }: Entry): void {
    this.#other += count;
    this.#entries.delete(key);
    const begun = this.#begun.get(by) ?? 0;
    if (begun > 1) this.#begun.set(by, begun - 1);
    else this.#begun.delete(by);
  }
}

function rowOf({ devices, count, common }: Entry, mayShow: MayShow | undefined): RejectRow | undefined {
  const visible = mayShow === undefined ? [...devices] : [...devices].filter(([id]) => mayShow(id));
  const last = visible.at(-1);
  if (last === undefined) return undefined;
  const [device, { lastMs, message }] = last;
  const sum = mayShow === undefined ? count : visible.reduce((total, [, share]) => total + share.count, 0);
  return { ...common, count: sum, lastMs, example: { device, message } };
}

function dropFirst(map: Map<string, unknown>, limit: number): void {
  const [first] = map.keys();
  if (map.size > limit && first !== undefined) map.delete(first);
}
