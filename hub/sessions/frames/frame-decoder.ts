import { deviceFrameChecks } from '../../../schemas/index.ts';
import { cutText } from '../../../schemas/cut-text.ts';
import type { DeviceFrame, FieldError, ResultFrame } from '../../../schemas/index.ts';
import { readJson } from '../../../schemas/json-text.ts';

/** A message of a device, checked against the schema of its frame's type. */
export type ReadFrame =
  | {
      kind: 'frame';
      frame: DeviceFrame;
      /** Faults of single samples whose text would be lost or changed silently; the other samples are valid. */
      spoilt: SampleFaults | undefined;
    }
  | {
      kind: 'invalid';
      type: DeviceFrame['type'];
      frame: UncheckedFrame;
      fault: FieldError;
      /** Of a result: what is not at fault, as long as how the command ended is part of it. */
      ending?: ResultFrame;
    }
  | { kind: 'unknown-type'; frame: UncheckedFrame }
  | { kind: 'undecodable'; error: FieldError };

/** `bad-utf8`: a binary frame has a text that is not UTF-8. In text frames the socket finds it. */
export type ParsedFrame = ReadFrame | { kind: 'bad-utf8' };

/** The first fault of each sample that has one, by its index. */
export type SampleFaults = ReadonlyMap<number, FieldError>;

/** A JSON object, as far as its nack looks into it: each of these may be anything. */
export interface UncheckedFrame {
  readonly type?: unknown;
  readonly seq?: unknown;
  readonly re?: unknown;
  readonly id?: unknown;
  readonly status?: unknown;
  readonly output?: unknown;
  readonly error?: unknown;
  readonly stream?: unknown;
  readonly name?: unknown;
  readonly samples?: unknown;
}

/** Text → one frame, or what is wrong with it: field and rule. A good frame costs one object beside its JSON. */
export function parseDeviceFrame(text: string): ReadFrame {
  // With the faults of each sample: a frame is short enough to find all of them.
  const json = readJson(text, Infinity);
  if (json.kind === 'unreadable') return undecodable(json.fault);
  return judgedFrame(json.value, json.faults, { expected: 'a JSON object', got: () => text });
}

/**
 * What was read of a message → one frame.
 * @param faults of what was read, with their places
 * @param whole what the message should be, and what it is, for the answer
 */
export function judgedFrame(
  value: unknown,
  faults: readonly FieldError[] | undefined,
  whole: { expected: string; got: () => string },
): ReadFrame {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const text = whole.got();
    const got = text.length > 64 ? `${cutText(text, 61)}...` : text;
    return undecodable({ path: '', keyword: 'type', expected: whole.expected, got });
  }
  const frame: UncheckedFrame = value;
  const { type } = frame;
  if (!isFrameType(type)) return { kind: 'unknown-type', frame };
  const textFaults = faults === undefined ? undefined : sorted(faults);
  const fault = deviceFrameChecks[type](frame) ?? textFaults?.whole;
  if (fault !== undefined) {
    const ending = type === 'result' ? endingOf(frame, faults ?? []) : undefined;
    return { kind: 'invalid', type, frame, fault, ...(ending === undefined ? {} : { ending }) };
  }
  // The check of its type found no fault, so it has the shape that the schema describes.
  return { kind: 'frame', frame: value as DeviceFrame, spoilt: textFaults?.samples };
}

function endingOf(frame: UncheckedFrame, faults: readonly FieldError[]): ResultFrame | undefined {
  const isSpoilt = (name: string) =>
    faults.some(({ path }) => path === `/${name}` || path.startsWith(`/${name}/`));
  const { type, re, status, output, error } = frame;
  if (['type', 're', 'status'].some(isSpoilt)) return undefined;
  let ending: object = { type, re, status };
  for (const more of [{ output }, { error }]) {
    const [name = ''] = Object.keys(more);
    const wider = { ...ending, ...more };
    if (Object.hasOwn(frame, name) && !isSpoilt(name) && deviceFrameChecks.result(wider) === undefined)
      ending = wider;
  }
  // The check finds no fault, so it has the shape that the schema describes.
  return deviceFrameChecks.result(ending) === undefined ? (ending as ResultFrame) : undefined;
}

function isFrameType(type: unknown): type is DeviceFrame['type'] {
  return typeof type === 'string' && Object.hasOwn(deviceFrameChecks, type);
}

/** Faults of a frame's text, by what they affect. */
interface TextFaults {
  /** The first fault that affects the whole frame. */
  whole: FieldError | undefined;
  samples: SampleFaults;
}

/** Pointers of nacks lead into what the device type judges, or with `in` into the frame. */
const judged = /^\/(?:samples\/(\d+)\/data|data|params|output|patch)(?=\/|$)/;

function sorted(faults: readonly FieldError[]): TextFaults {
  const samples = new Map<number, FieldError>();
  let whole: FieldError | undefined;
  for (const fault of faults) {
    const [start = '', index] = judged.exec(fault.path) ?? [];
    if (index !== undefined && !samples.has(Number(index))) {
      samples.set(Number(index), { ...fault, path: fault.path.slice(start.length) });
    } else if (index === undefined) {
      whole ??= start === '' ? { ...fault, in: 'frame' } : { ...fault, path: fault.path.slice(start.length) };
    }
  }
  return { whole, samples };
}

export function undecodable(error: FieldError): ReadFrame {
  return { kind: 'undecodable', error: { ...error, in: 'frame' } };
}
