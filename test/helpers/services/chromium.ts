import { chromium, type Browser } from 'playwright-core';
import { buildState } from '../../../dashboards/console/built.ts';
import { findProgram, wayOut } from './services.ts';

/** @throws when the console is not built from the sources that are there, with the way out */
export function demandBuiltConsole(): void {
  if (buildState() === 'fresh') return;
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
