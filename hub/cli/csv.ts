/** RFC 4180, but for its line ends: what is printed has those of the system. A text that a spreadsheet would take for a formula is marked as text: devices choose some of these. */
export function csv(header: readonly string[], rows: readonly (readonly (string | undefined)[])[]): string {
  return [header, ...rows].map((row) => `${row.map((cell) => quoted(cell ?? '')).join(',')}\n`).join('');
}

function quoted(text: string): string {
  const harmless = /^[=+\-@\t\r](?![\d.]*$)/u.test(text) ? `'${text}` : text;
  return /[",\r\n]/u.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
