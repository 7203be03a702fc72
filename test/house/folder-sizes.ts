import { dirname } from 'node:path';
import type { Fault } from './fault.ts';

const maxFiles = 30;
const examined = /^(hub|device-sim|schemas|dashboards|test)\//;
/** One broken document a file: the folder is a list, which nobody reads from end to end. */
const data = /^schemas\/examples\/invalid\//;

/** More files than a reader takes in at a glance hide a second feature. */
export function fullFolders(paths: readonly string[]): Fault[] {
  const sizes = new Map<string, number>();
  for (const path of paths.filter((each) => examined.test(each) && !data.test(each))) {
    const folder = dirname(path);
    sizes.set(folder, (sizes.get(folder) ?? 0) + 1);
  }
  return [...sizes]
    .filter(([, size]) => size > maxFiles)
    .map(([path, size]) => ({
      path,
      line: 1,
      message: `holds ${size} files, ${maxFiles} are allowed: move the files of one theme into a folder of their own`,
    }));
}
