/**
 * Characters that a terminal would obey, hide or show in another order: control characters except line feed and tab, line
 * and paragraph separators, bidirectional marks (Unicode TR 36 §2.5), and the invisible tag characters.
 */
const obeyed = /(?![\n\t])[\p{Cc}\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069\u{E0000}-\u{E007F}]/gu;

/**
 * Makes a text safe for a terminal. It may hold ids, answers and errors of strangers, so characters that a terminal would
 * obey become escapes (`\u001b`). JSON text stays the same JSON.
 */
export function terminalText(text: string): string {
  return text.replaceAll(obeyed, escaped);
}

/** As in JSON: one escape for each UTF-16 unit. */
function escaped(mark: string): string {
  return mark
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
}
