import { readJson } from '../../schemas/json-text.ts';
import type { FieldError } from '../../schemas/index.ts';

export type Decoded =
  | {
      kind: 'frame';
      frame: Record<string, unknown>;
      /** What in it would be lost or changed in silence; not given: nothing. */
      faults?: FrameFaults;
    }
  | { kind: 'undecodable'; error: FieldError };

/** Faults of a frame's text, by what they spoil. */
export interface FrameFaults {
  /** The first that spoils all of the frame. */
  whole?: FieldError;
  /** The first of each sample, by its index; the other samples are as good as ever. */
  samples: ReadonlyMap<number, FieldError>;
}

/** Text → one JSON object. */
export function decodeFrame(text: string): Decoded {
  // Each sample's own: a frame is short enough for all of them.
  const json = readJson(text, Infinity);
  if (json.kind === 'unreadable') return undecodable(json.fault);
  const { value, faults } = json;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const got = text.length > 64 ? `${text.slice(0, 61)}...` : text;
    return undecodable({ path: '', keyword: 'type', expected: 'a JSON object', got });
  }
  const frame = value as Record<string, unknown>;
  return faults === undefined ? { kind: 'frame', frame } : { kind: 'frame', frame, faults: sorted(faults) };
}

/** Pointers of nacks lead into what the device type judges, or with `in` into the frame. */
const judged = /^\/(?:samples\/(\d+)\/data|data|params|output)(?=\/|$)/;

function sorted(faults: readonly FieldError[]): FrameFaults {
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
  return { samples, ...(whole === undefined ? {} : { whole }) };
}

function undecodable(error: FieldError): Decoded {
  return { kind: 'undecodable', error: { ...error, in: 'frame' } };
}
