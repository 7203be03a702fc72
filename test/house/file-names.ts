import { basename } from 'node:path';
import type { Fault } from './fault.ts';

/** A file name exists once in `hub/`: "go to file" in an editor lands. */
export function repeatedNames(paths: readonly string[]): Fault[] {
  const first = new Map<string, string>();
  const faults: Fault[] = [];
  for (const path of paths.filter((each) => each.startsWith('hub/'))) {
    const name = basename(path);
    const earlier = first.get(name);
    if (earlier === undefined) first.set(name, path);
    else {
      const message = `has the file name of ${earlier}: name one of them after what it alone holds`;
      faults.push({ path, line: 1, message });
    }
  }
  return faults;
}
