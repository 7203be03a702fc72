/** Output for people: aligned columns and readable times. */

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

/** Ids and texts may come from strangers: control characters and bidirectional marks must not reach the terminal. */
function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\u202A-\u202E\u2066-\u2069]/gu, '\uFFFD');
}

/** `floor=2,hall=a`; `-` when there is none. */
export function labelsText(labels: Readonly<Record<string, string>>): string {
  const texts = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  return texts.length === 0 ? '-' : texts.join(',');
}
