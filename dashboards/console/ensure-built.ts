/**
 * Run before the hub starts: builds the console when its output is missing or older than its sources. The hub also
 * runs without it.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { buildState } from './built.ts';

const folder = fileURLToPath(new URL('.', import.meta.url));
const vite = fileURLToPath(new URL('../../node_modules/vite/bin/vite.js', import.meta.url));

function build(): void {
  if (!existsSync(vite)) {
    process.stderr.write(
      'the web console is not built, or older than its sources, and vite, which builds it, is not installed; ' +
        'the hub starts with what there is. Way out: npm ci && npm run build:console\n',
    );
    return;
  }
  process.stderr.write('building the web console …\n');
  const { status, stdout, stderr } = spawnSync(process.execPath, [vite, 'build', folder], {
    encoding: 'utf8',
  });
  if (status === 0) return;
  process.stderr.write(
    `${stdout}${stderr}the web console could not be built; the hub starts with what there is\n`,
  );
}

if (buildState() !== 'fresh') build();
