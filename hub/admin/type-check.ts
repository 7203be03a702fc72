import { Buffer } from 'node:buffer';
import type { TypeCheck } from '../../schemas/api/device-types.ts';
import { layoutOf } from '../../schemas/cbor/type-layout.ts';
import { faultText } from '../../schemas/field-error.ts';
import { subprotocols } from '../../schemas/limits.ts';
import type { DeviceType, FieldError } from '../../schemas/index.ts';
import { codecOf } from '../sessions/frames/frame-codec.ts';
import { entryMarks, type FrameEntry } from '../sessions/frames/frame-ring.ts';

/** A device whose readings are judged. */
export interface JudgedDevice {
  id: string;
  /** Empty: it did not say. */
  firmware: string;
  /** As it is today. */
  type: DeviceType;
}

export type ReadingVerdicts = Pick<TypeCheck, 'devices' | 'read' | 'firmwares' | 'rejects'>;

/** Judged at most. */
const mostReadings = 1_000;
/** After so many devices others get their turn: each has some hundred frames to parse. */
const devicesAtOnce = 32;
/** Rules that are named at most: a device chooses its fields itself. */
const mostRejects = 100;

interface Sent {
  stream: string;
  data: unknown;
}

/**
 * What would become of the readings that devices sent last if their type were another one: of those refused today, too.
 * Every device has the same share of them; of a large fleet some devices are looked at, evenly spread.
 * @param entries the last frames of a device, oldest first
 */
export async function judgeReadings(
  type: DeviceType,
  devices: readonly JudgedDevice[],
  entries: (deviceId: string) => Iterable<FrameEntry>,
): Promise<ReadingVerdicts> {
  const share = Math.ceil(mostReadings / Math.max(1, devices.length));
  const step = Math.max(1, devices.length / mostReadings);
  const tally = new Tally();
  let looked = 0;
  for (let at = 0; at < devices.length; at += step) {
    const device = devices[Math.floor(at)];
    if (device === undefined) break;
    const readings = newest([...entries(device.id)], device.type, share);
    for (const { stream, data } of readings) {
      const fault = faultOf(type, stream, data);
      tally.add(device, stream, fault, faultOf(device.type, stream, data) !== undefined);
    }
    looked += 1;
    if (looked % devicesAtOnce === 0) await new Promise(setImmediate);
  }
  return tally.verdicts();
}

/** The newest readings among these frames. */
function newest(entries: readonly FrameEntry[], type: DeviceType, most: number): Sent[] {
  const { streams } = layoutOf(type.definition);
  const readings: Sent[] = [];
  for (const { mark, text, wholeLength } of entries.toReversed()) {
    if (readings.length >= most) break;
    if ((mark & ~entryMarks.binary) !== entryMarks.in || wholeLength !== undefined) continue;
    const isBinary = mark !== entryMarks.in;
    const codec = codecOf(isBinary ? subprotocols.cbor : '');
    const parsed = codec.read(isBinary ? Buffer.from(text, 'latin1') : text, streams);
    if (parsed.kind !== 'frame' || parsed.frame.type !== 'telemetry') continue;
    const { stream, data, samples } = parsed.frame;
    const sent = samples?.map((sample) => sample.data) ?? [data];
    readings.push(...sent.slice(0, most - readings.length).map((each) => ({ stream, data: each })));
  }
  return readings;
}

function faultOf(type: DeviceType, stream: string, data: unknown): FieldError | undefined {
  const found = type.streams.get(stream);
  if (found !== undefined) return found.check(data);
  return { path: '', keyword: 'stream', expected: `a stream of ${type.id}`, got: stream };
}

class Tally {
  readonly #devices = new Set<string>();
  readonly #firmwares = new Map<string, { read: number; rejected: number; rejectedNow: number }>();
  readonly #rejects = new Map<string, TypeCheck['rejects'][number]>();

  add(
    { id, firmware }: JudgedDevice,
    stream: string,
    fault: FieldError | undefined,
    isRejectedNow: boolean,
  ): void {
    this.#devices.add(id);
    const counts = this.#firmwares.get(firmware) ?? { read: 0, rejected: 0, rejectedNow: 0 };
    this.#firmwares.set(firmware, counts);
    counts.read += 1;
    if (isRejectedNow) counts.rejectedNow += 1;
    if (fault === undefined) return;
    counts.rejected += 1;
    const common = { stream, field: fault.path, rule: fault.keyword, firmware };
    const key = JSON.stringify(common);
    const row = this.#rejects.get(key) ?? {
      ...common,
      count: 0,
      example: { device: id, message: faultText(fault) },
    };
    if (row.count === 0 && this.#rejects.size >= mostRejects) return;
    this.#rejects.set(key, { ...row, count: row.count + 1 });
  }

  verdicts(): ReadingVerdicts {
    const firmwares = [...this.#firmwares].map(([firmware, counts]) => ({ firmware, ...counts }));
    return {
      devices: this.#devices.size,
      read: firmwares.reduce((sum, { read }) => sum + read, 0),
      firmwares: firmwares.toSorted((a, b) => b.rejected - a.rejected || b.read - a.read),
      rejects: [...this.#rejects.values()].toSorted((a, b) => b.count - a.count),
    };
  }
}
