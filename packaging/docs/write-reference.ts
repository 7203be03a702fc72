/** Writes docs/reference; with `--check` it writes nothing, and fails when a page is not what its source says. */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { referencePages } from './reference-pages.ts';

const folder = new URL('../../docs/reference/', import.meta.url);
const check = process.argv.includes('--check');
if (!check) mkdirSync(folder, { recursive: true });
for (const [name, text] of await referencePages()) {
  const file = new URL(name, folder);
  if (!check) writeFileSync(file, text);
  else if (!existsSync(file) || readFileSync(file, 'utf8') !== text) {
    process.stderr.write(`docs/reference/${name} is not what its source says: npm run docs:reference\n`);
    process.exitCode = 1;
  }
}
