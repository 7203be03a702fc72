/** The first `length` UTF-16 units of a text, or one unit less where that would cut a character in half. */
export function cutText(text: string, length: number): string {
  const cut = text.slice(0, length);
  const halved =
    cut.length < text.length && /[\uD800-\uDBFF]$/.test(cut) && /^[\uDC00-\uDFFF]/.test(text.slice(length));
  return halved ? cut.slice(0, -1) : cut;
}
