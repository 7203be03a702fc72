/** Small parts of Markdown pages. */

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => '---'), ...rows.map((row) => row.map(cell))];
  return lines.map((line) => `| ${line.join(' | ')} |`).join('\n');
}

/** One line, in which nothing ends the cell and nothing is taken for a tag or a template. */
function cell(text: string): string {
  return plain(text).replaceAll('|', '\\|');
}

/** One line; outside of code a `<` would begin a tag, and `{{` a template of VitePress. */
export function plain(text: string): string {
  return text
    .replaceAll(/\s*\n\s*/g, ' ')
    .split(/(`[^`]*`)/)
    .map((part, at) => (at % 2 === 1 ? part : part.replaceAll('<', '\\<').replaceAll('{{', '&#123;&#123;')))
    .join('');
}

export function code(text: string): string {
  return text === '' ? '' : `\`${text}\``;
}

/** As GitHub names the anchor of a heading. */
export function slugOf(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(/\s/g, '-');
}

export const generatedNote = (source: string): string =>
  `_Made from ${source} by \`npm run docs:reference\`: change the source, not this page._`;
