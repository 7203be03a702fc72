import { existsSync, globSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('.', import.meta.url));

/** `missing`; `stale`: older than its newest source, as after `git pull`; `fresh`. */
export type BuildState = 'missing' | 'stale' | 'fresh';

/** What is in `dist`, by the times of the files. */
export function buildState(): BuildState {
  const built = join(folder, 'dist', 'index.html');
  if (!existsSync(built)) return 'missing';
  const sources = ['index.html', ...globSync('src/**/*.*', { cwd: folder })];
  const newestMs = Math.max(...sources.map((name) => statSync(join(folder, name)).mtimeMs));
  return statSync(built).mtimeMs >= newestMs ? 'fresh' : 'stale';
}
