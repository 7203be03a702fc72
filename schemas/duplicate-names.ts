import { escapePointer } from './json-pointer.ts';

/** A string, or one character that gives JSON its structure; what lies between (numbers, words, space) is skipped. */
const token = /"(?:[^"\\]|\\.)*"|[{}[\],]/g;

/**
 * Names that stand twice in one object: JSON.parse keeps the last and says nothing (RFC 8259 §4), so half of
 * what the author wrote would be lost in silence.
 * @param text valid JSON
 * @param atMost the search ends with this many
 * @returns a JSON pointer to each repeated name
 */
export function duplicateNames(text: string, atMost = Infinity): string[] {
  const found: string[] = [];
  const open: { path: string; names: Set<string> | undefined; name: string; index: number }[] = [];
  let awaitsName = false;
  for (const [part] of text.matchAll(token)) {
    const top = open.at(-1);
    if (part === '{' || part === '[') {
      const path =
        top === undefined
          ? ''
          : `${top.path}/${top.names === undefined ? top.index : escapePointer(top.name)}`;
      open.push({ path, names: part === '{' ? new Set() : undefined, name: '', index: 0 });
      awaitsName = part === '{';
    } else if (part === '}' || part === ']') {
      open.pop();
      awaitsName = false;
    } else if (part === ',') {
      if (top !== undefined) top.index += 1;
      awaitsName = top?.names !== undefined;
    } else if (awaitsName && top?.names !== undefined) {
      top.name = part.includes('\\') ? (JSON.parse(part) as string) : part.slice(1, -1);
      if (top.names.has(top.name)) {
        const path = `${top.path}/${escapePointer(top.name)}`;
        if (found.at(-1) !== path) found.push(path);
      }
      if (found.length >= atMost) return found;
      top.names.add(top.name);
      awaitsName = false;
    }
  }
  return found;
}
