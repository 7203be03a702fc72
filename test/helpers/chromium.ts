import { existsSync, globSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser } from 'playwright-core';
import { findProgram, wayOut } from './services.ts';

const consoleFolder = fileURLToPath(new URL('../../dashboards/console/', import.meta.url));

/** @throws when the console is not built from the sources that are there, with the way out */
export function demandBuiltConsole(): void {
  const built = join(consoleFolder, 'dist', 'index.html');
  const sources = ['index.html', ...globSync('src/**/*.*', { cwd: consoleFolder })];
  const newest = Math.max(...sources.map((name) => statSync(join(consoleFolder, name)).mtimeMs));
  if (existsSync(built) && statSync(built).mtimeMs >= newest) return;
  throw new Error('the console is not built, or older than its sources. Way out: npm run build:console');
}

/** The machine's Chromium, without a window. @throws when there is none, with the way out */
export async function launchChromium(): Promise<Browser> {
  const found = findProgram('chromium');
  if (found === undefined) throw new Error(`chromium is missing. ${wayOut('chromium')}`);
  return chromium.launch({
    executablePath: found.path,
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  });
}
