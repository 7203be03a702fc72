/** A text that a device chose, as a tag: no line can carry a control character in one, and there is no empty tag. */
export function tagText(text: string): string {
  const plain = text.replaceAll(/\p{Cc}/gu, ' ');
  return plain.trim() === '' ? '-' : plain;
}
