/** What a command is called wherever it is named: its title and its name, of which programs know the second. */
import { signal } from '@preact/signals';
import { useCallback, useEffect } from 'preact/hooks';
import type { TypeRow } from '../../../../schemas/api/device-types.ts';
import { ask } from '../api.ts';
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

/** Of all device types, for lists of commands of many. */
const titles = signal<ReadonlyMap<string, string>>(new Map());
let asked = false;

async function load(): Promise<void> {
  try {
    titles.value = titlesOf((await ask('GET /api/v1/device-types', {})).types);
  } catch {
    // Names are shown without titles, and the next list asks again.
    asked = false;
  }
}

/** @returns what a command of any type is called; its name alone until the types are loaded */
export function useCommandWords(): (name: string) => string {
  useEffect(() => {
    if (asked) return;
    asked = true;
    void load();
  }, []);
  const known = titles.value;
  return useCallback((name: string) => commandWords(name, known.get(name)), [known]);
}
