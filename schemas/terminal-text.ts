/**
 * What a terminal would obey or read in another order than it is written: control characters but line feed and
 * tab, line and paragraph separators, and bidirectional marks (Unicode TR 36 §2.5).
 */
const obeyed = /(?![\n\t])[\p{Cc}\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]/gu;

/**
 * Text as it may reach a terminal. It may hold ids, answers and errors of strangers, so what a terminal obeys is
 * shown as an escape instead (`\u001b`). JSON text stays the same JSON.
 */
export function terminalText(text: string): string {
  return text.replaceAll(obeyed, (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
