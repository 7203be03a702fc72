/** Writes docs/errors.md; with `--check` it writes nothing, and fails when the page is not what the list says. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { errorPage } from '../schemas/api/document/error-page.ts';

const file = new URL('../docs/errors.md', import.meta.url);
const page = errorPage();

if (process.argv.includes('--check')) {
  if (readFileSync(file, 'utf8') !== page) {
    process.stderr.write('docs/errors.md differs from schemas/api/error-codes.ts: npm run docs:errors\n');
    process.exitCode = 1;
  }
} else {
  mkdirSync(new URL('.', file), { recursive: true });
  writeFileSync(file, page);
}
