import { parse } from 'csv-parse/sync';

/** One row of a CSV file; `cells` is undefined when the row cannot be parsed. */
export interface CsvRow {
  /** The line where it starts, from 1. */
  line: number;
  cells: readonly string[] | undefined;
}

/** A quoted cell may contain line breaks (RFC 4180 §2.6), but not more than this. */
const longestRowLines = 20;

/**
 * Rows of a CSV file, cells trimmed, empty lines skipped. A quote that is never closed damages only its own line, not
 * the rest of the file: if no row can be parsed within the next 20 lines, that line counts as damaged and parsing
 * continues with the line after it.
 */
export async function* csvRows(lines: AsyncIterable<string>, delimiter: string): AsyncGenerator<CsvRow> {
  let line = 0;
  /** Lines of a row with an open quote; the first is line `line − length + 1`. */
  let open: string[] = [];
  for await (const text of lines) {
    line += 1;
    open.push(line === 1 ? text.replace(/^\uFEFF/, '') : text);
    open = yield* closed(open, line, delimiter, false);
  }
  yield* closed(open, line, delimiter, true);
}

/** Gives every row the lines make; @returns the lines that wait for more. */
function* closed(
  open: string[],
  lastLine: number,
  delimiter: string,
  end: boolean,
): Generator<CsvRow, string[]> {
  let waiting = open;
  while (waiting.length > 0) {
    const line = lastLine - waiting.length + 1;
    const cells = cellsOf(waiting.join('\n'), delimiter);
    if (cells !== undefined) {
      if (cells.length > 0) yield { line, cells };
      return [];
    }
    if (!end && waiting.length < longestRowLines) return waiting;
    yield { line, cells: undefined };
    // The lines after the damaged one are parsed again, each on its own.
    const [, ...rest] = waiting;
    waiting = yield* eachAgain(rest, line + 1, delimiter, end);
  }
  return [];
}

function* eachAgain(
  lines: string[],
  firstLine: number,
  delimiter: string,
  end: boolean,
): Generator<CsvRow, string[]> {
  let open: string[] = [];
  for (const [index, text] of lines.entries()) {
    open.push(text);
    open = yield* closed(open, firstLine + index, delimiter, end && index === lines.length - 1);
  }
  return open;
}

function cellsOf(text: string, delimiter: string): string[] | undefined {
  if (text.trim() === '') return [];
  // Without quotes only the delimiters matter.
  if (!text.includes('"')) return text.split(delimiter).map((cell) => cell.trim());
  try {
    const [cells = []] = parse(text, { delimiter, trim: true, relax_column_count: true, relax_quotes: true });
    return cells;
  } catch {
    return undefined;
  }
}
