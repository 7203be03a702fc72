import type { TypeRow } from '../../../../schemas/api/device-types.ts';
import { texts } from '../texts/texts.ts';

/** `Blink (identify)`; one of the two where there is no title, or where they differ by a capital alone. */
export function commandWords(name: string, title: string | undefined): string {
  if (title === undefined) return name;
  return title.toLowerCase() === name ? title : texts.commands.titleAndName(title, name);
}

/** Titles by command; none where device types disagree. */
export function titlesOf(types: readonly Pick<TypeRow, 'commandTitles'>[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const doubtful = new Set<string>();
  for (const { commandTitles } of types) {
    for (const [name, title] of Object.entries(commandTitles)) {
      if ((found.get(name) ?? title) !== title) doubtful.add(name);
      found.set(name, title);
    }
  }
  for (const name of doubtful) found.delete(name);
  return found;
}
