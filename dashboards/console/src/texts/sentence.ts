/** What stands within a text, such as a time, a link or another text: what Preact takes as a child. */
export type Slot = object | string | number | boolean | null | undefined;

/** A text around elements, for a translation that puts them in another order. */
export function sentence(texts: readonly string[], ...slots: readonly Slot[]): Slot[] {
  return texts.flatMap((text, at) => (at < slots.length ? [text, slots[at]] : [text]));
}
