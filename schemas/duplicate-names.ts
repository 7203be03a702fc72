import { escapePointer } from './json-pointer.ts';

/** A string, or one structural character of JSON. Anything between them (numbers, words, space) is skipped. */
const token = /"(?:[^"\\]|\\.)*"|[{}[\],]/g;

/**
 * Finds names that occur twice in one object. JSON.parse silently keeps the last one (RFC 8259 §4), so a part of what the
 * author wrote would be lost.
 * @param text valid JSON
 * @param atMost the search ends after this many
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
