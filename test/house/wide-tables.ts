import type { Fault } from './fault.ts';

/** A row of more characters wraps so often in a terminal that nobody finds its columns. */
const widest = 400;

/** A document: its path from the root of the project, and its text. */
export interface Document {
  path: string;
  text: string;
}

/** Tables that only a browser can show. A fault names the first row of each. */
export function wideTables(documents: readonly Document[]): Fault[] {
  return documents.flatMap(({ path, text }) => {
    const lines = text.split('\n');
    const isWide = (at: number): boolean => {
      const line = lines[at] ?? '';
      return line.startsWith('|') && line.length > widest;
    };
    return lines.flatMap((line, at): Fault[] => {
      if (!isWide(at) || isWide(at - 1)) return [];
      const message = `begins a table of ${line.length} characters, ${widest} are allowed: make a list of it`;
      return [{ path, line: at + 1, message }];
    });
  });
}
