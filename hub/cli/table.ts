/** Output for people: aligned columns and readable times. */

import { terminalText } from '../../schemas/terminal-text.ts';

/** Rows under a header, columns two spaces apart; one line each, with a line feed. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const shown = [header, ...rows].map((row) => row.map(printable));
  const widths = header.map((title, column) =>
    shown.reduce((width, row) => Math.max(width, (row[column] ?? '').length), title.length),
  );
  const line = (row: readonly string[]): string =>
    `${header
      .map((_, column) => (row[column] ?? '').padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()}\n`;
  return shown.map(line).join('');
}

/** A cell is one line, as wide as its text. */
function printable(text: string): string {
  return terminalText(text).replaceAll('\n', '\\n').replaceAll('\t', '\\t');
}

/** `floor=2,hall=a`; `-` when there is none. */
export function labelsText(labels: Readonly<Record<string, string>>): string {
  const texts = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  return texts.length === 0 ? '-' : texts.join(',');
}
