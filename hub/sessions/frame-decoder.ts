import type { FieldError } from '../../schemas/index.ts';
import { isDeeperThan, maxJsonDepth } from '../kernel/json-depth.ts';

export type Decoded =
  { kind: 'frame'; frame: Record<string, unknown> } | { kind: 'undecodable'; error: FieldError };

/** Text → one JSON object. */
export function decodeFrame(text: string): Decoded {
  if (isDeeperThan(maxJsonDepth, text)) return undecodable('depth', `at most ${maxJsonDepth} levels`, text);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undecodable('json', 'a JSON object', text);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return undecodable('type', 'a JSON object', text);
  }
  return { kind: 'frame', frame: value as Record<string, unknown> };
}

function undecodable(keyword: string, expected: string, text: string): Decoded {
  const got = text.length > 64 ? `${text.slice(0, 61)}...` : text;
  return { kind: 'undecodable', error: { path: '', keyword, expected, got, in: 'frame' } };
}
