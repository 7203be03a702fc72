/** What a command is called wherever it is named: its title and its name, of which programs know the second. */
import { signal } from '@preact/signals';
import { useCallback, useEffect } from 'preact/hooks';
import { ask } from '../api.ts';
import { commandWords, titlesOf } from './command-titles.ts';

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
