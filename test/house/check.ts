/** `npm run check`: what the house demands of its own layout. Each fault is one line: where, what, and the way out. */
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import linter from '../../oxlint.config.ts';
import { faultLine } from './fault.ts';
import { houseFaults } from './house-faults.ts';
import { parseSource, type ParsedSource } from './parsed-source.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const made = new Set(['node_modules', 'dist', 'coverage']);

const paths = globSync('{hub,device-sim,schemas,dashboards,test}/**', {
  cwd: root,
  withFileTypes: true,
  exclude: ({ name }) => made.has(name),
})
  .filter((entry) => entry.isFile())
  .map(({ parentPath, name }) => join(parentPath, name).slice(root.length))
  .toSorted();
const parsed = (files: RegExp): ParsedSource[] =>
  paths
    .filter((path) => files.test(path))
    .map((path) => parseSource(path, readFileSync(join(root, path), 'utf8')));

const documents = globSync('**/*.md', {
  cwd: root,
  exclude: (path) => made.has(basename(path)),
}).map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));

const faults = houseFaults({
  paths,
  sources: parsed(/^hub\/.*\.ts$/),
  pages: parsed(/^dashboards\/console\/src\/.*\.tsx?$/),
  documents,
  linter: { path: 'oxlint.config.ts', overrides: linter.overrides },
});
for (const fault of faults) process.stderr.write(`${faultLine(fault)}\n`);
process.exitCode = faults.length === 0 ? 0 : 1;
