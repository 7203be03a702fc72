/**
 * Whether JSON text nests deeper than so many levels. `JSON.parse` itself takes any depth; what is built on it
 * recurses, so depth is bounded before parsing. Counts brackets outside strings; about a nanosecond a character.
 */
export function isDeeperThan(levels: number, text: string): boolean {
  // Fewer characters than brackets needed.
  if (text.length <= levels) return false;
  let depth = 0;
  let inString = false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === 0x22) inString = !inString;
    else if (code === 0x5c && inString) index++;
    else if (inString) continue;
    else if (code === 0x7b || code === 0x5b) {
      depth += 1;
      if (depth > levels) return true;
    } else if (code === 0x7d || code === 0x5d) depth -= 1;
  }
  return false;
}

/** Deeper than any frame, request or command needs; shallow enough for every recursive function behind it. */
export const maxJsonDepth = 64;
