import Papa from 'papaparse';
import { messageOf } from '../api.ts';
import { texts } from '../texts/texts.ts';
import { flatRow } from './flat-row.ts';
import { say } from './status-region.tsx';

interface ExportProps {
  /** What the files are called, such as `devices`. */
  name: string;
  /** The rows, all of them, as the API has them. */
  rows: () => readonly object[] | Promise<readonly object[]>;
}

/** Saves a list as CSV or as JSON. */
export function Export({ name, rows }: ExportProps) {
  async function save(format: 'csv' | 'json'): Promise<void> {
    try {
      const all = await rows();
      const text = format === 'json' ? `${JSON.stringify(all, undefined, 2)}\n` : csvOf(all);
      download(`${name}.${format}`, text, format === 'json' ? 'application/json' : 'text/csv');
    } catch (error) {
      say('fault', messageOf(error));
    }
  }
  return (
    <span class="export">
      {(['csv', 'json'] as const).map((format) => (
        <button
          key={format}
          type="button"
          class="link-button"
          aria-label={texts.shared.saveNameAsFormat(name, format.toUpperCase())}
          onClick={() => void save(format)}
        >
          {format.toUpperCase()}
        </button>
      ))}
    </span>
  );
}

/** A text that a spreadsheet would take for a formula is marked as text: devices choose some of these. */
function csvOf(rows: readonly object[]): string {
  const flat = rows.map(flatRow);
  const columns = [...new Set(flat.flatMap((row) => Object.keys(row)))];
  return `${Papa.unparse(flat, { columns, escapeFormulae: /^[=+\-@\t\r](?![\d.]*$)/ })}\r\n`;
}

/** Saves a text as a file. */
export function download(name: string, text: string, type: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

/** All pages of a list. @param page loads the one after `next`; undefined: the first */
export async function everyPage<Row, Next>(
  page: (after: Next | undefined) => Promise<{ rows: readonly Row[]; next: Next | null | undefined }>,
): Promise<Row[]> {
  const all: Row[] = [];
  let after: Next | undefined;
  for (;;) {
    const { rows, next } = await page(after);
    all.push(...rows);
    if (next === null || next === undefined) return all;
    after = next;
  }
}
