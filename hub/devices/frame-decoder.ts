import type { FieldError } from '../../schemas/index.ts';

/** Deeper than any frame of the protocol; shallow enough for every recursive function behind it. */
const maxDepth = 64;

export type Decoded =
  { kind: 'frame'; frame: Record<string, unknown> } | { kind: 'undecodable'; error: FieldError };

/**
 * Text → one JSON object. `JSON.parse` itself takes any depth; what is built on it recurses, so depth is
 * bounded before parsing.
 */
export function decodeFrame(text: string): Decoded {
  if (tooDeep(text)) return undecodable('depth', `at most ${maxDepth} levels`, text);
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

/** Counts brackets outside strings; about a nanosecond a character. */
function tooDeep(text: string): boolean {
  // Fewer characters than brackets needed.
  if (text.length <= maxDepth) return false;
  let depth = 0;
  let inString = false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === 0x22) inString = !inString;
    else if (code === 0x5c && inString) index++;
    else if (inString) continue;
    else if (code === 0x7b || code === 0x5b) {
      depth += 1;
      if (depth > maxDepth) return true;
    } else if (code === 0x7d || code === 0x5d) depth -= 1;
  }
  return false;
}
