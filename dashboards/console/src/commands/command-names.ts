/** What a command is called wherever it is named: its title and its name, of which programs know the second. */
import { signal } from '@preact/signals';
import { useCallback, useEffect } from 'preact/hooks';
import { ask } from '../api.ts';
import { watch } from '../live.ts';
import { commandWords, titlesOf } from './command-titles.ts';

/** Of all device types, for lists of commands of many. */
const titles = signal<ReadonlyMap<string, string>>(new Map());
/** Lists that are on the page: one watch is for all of them. */
let lists = 0;
let asked = 0;
let stop: () => void = () => {};

async function load(): Promise<void> {
  asked += 1;
  const own = asked;
  try {
    const { types } = await ask('GET /api/v1/device-types', {});
    // An older answer must not replace a newer one.
    if (own === asked) titles.value = titlesOf(types);
  } catch {
    // Commands keep the names they have; the titles are asked for again with the next change, list or connection.
  }
}

/** Keeps the titles as the types are that are published, for as long as a list is there. */
function follow(): () => void {
  if (lists === 0) stop = watch('types', { message: () => void load(), watching: () => void load() });
  lists += 1;
  return () => {
    lists -= 1;
    if (lists === 0) stop();
  };
}

/** @returns what a command of any type is called; its name alone until the types are loaded */
export function useCommandWords(): (name: string) => string {
  useEffect(follow, []);
  const known = titles.value;
  return useCallback((name: string) => commandWords(name, known.get(name)), [known]);
}
