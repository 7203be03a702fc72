/** Run before the hub starts: builds the console when its output is missing. The hub also runs without it. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('.', import.meta.url));
const vite = fileURLToPath(new URL('../../node_modules/vite/bin/vite.js', import.meta.url));

function build(): void {
  if (!existsSync(vite)) {
    process.stderr.write(
      'the web console is not built, and vite, which builds it, is not installed; ' +
        'the hub starts without it. Way out: npm ci && npm run build:console\n',
    );
    return;
  }
  process.stderr.write('building the web console, once …\n');
  const { status, stdout, stderr } = spawnSync(process.execPath, [vite, 'build', folder], {
    encoding: 'utf8',
  });
  if (status === 0) return;
  process.stderr.write(`${stdout}${stderr}the web console could not be built; the hub starts without it\n`);
}

if (!existsSync(`${folder}dist/index.html`)) build();
