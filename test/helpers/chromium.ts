import { existsSync, globSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser, type Page } from 'playwright-core';
import { password } from './operators.ts';
import { findProgram, wayOut } from './services.ts';

const consoleFolder = fileURLToPath(new URL('../../dashboards/console/', import.meta.url));

/** The console as the hub serves it: built from the sources that are there. */
function demandBuiltConsole(): void {
  const built = join(consoleFolder, 'dist', 'index.html');
  const sources = ['index.html', ...globSync('src/**/*.*', { cwd: consoleFolder })];
  const newest = Math.max(...sources.map((name) => statSync(join(consoleFolder, name)).mtimeMs));
  if (existsSync(built) && statSync(built).mtimeMs >= newest) return;
  throw new Error('the console is not built, or older than its sources. Way out: npm run build:console');
}

/** Starts the machine's Chromium. @throws when there is none, or no built console, with the way out */
export async function launchBrowser(): Promise<Browser> {
  demandBuiltConsole();
  const found = findProgram('chromium');
  if (found === undefined) throw new Error(`chromium is missing. ${wayOut('chromium')}`);
  return chromium.launch({
    executablePath: found.path,
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  });
}

/** Fills in the sign-in form that is there, and waits until the console is. */
export async function signIn(page: Page, name = 'anna'): Promise<void> {
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('navigation', { name: 'Pages' }).waitFor();
}
