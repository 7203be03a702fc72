import assert from 'node:assert/strict';
import { after, type TestContext } from 'node:test';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { demandBuiltConsole, launchChromium } from './services/chromium.ts';
import type { InProcessHub } from './hubs/in-process-hub.ts';
import { makeAccount, password, type Rights } from './hubs/operators.ts';

let launched: Promise<Browser> | undefined;

/** One Chromium for all tests of a file; it ends with them. @throws when there is none, with the way out */
async function browser(): Promise<Browser> {
  launched ??= launch();
  return launched;
}

async function launch(): Promise<Browser> {
  demandBuiltConsole();
  return launchChromium();
}

after(async () => (await launched)?.close());

export interface ConsolePage {
  readonly page: Page;
  /** What scripts threw and what the security policy refused so far. */
  readonly faults: readonly string[];
}

/**
 * Opens the console of this hub in a browser of its own cookies. After the test nothing may have been thrown by
 * its scripts or refused by the content security policy.
 */
export async function openConsole(
  t: TestContext,
  hub: InProcessHub,
  path = '/',
  options: BrowserContextOptions = {},
): Promise<ConsolePage> {
  const context = await (
    await browser()
  ).newContext({
    baseURL: hub.hub.adminUrl,
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
    viewport: { width: 1280, height: 800 },
    ...options,
  });
  const faults: string[] = [];
  t.after(async () => {
    await context.close();
    assert.deepEqual(faults, [], 'scripts of the console threw, or its policy refused something');
  });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  page.on('pageerror', (error) => faults.push(error.stack ?? error.message));
  page.on('console', (message) => {
    if (/Content Security Policy/i.test(message.text())) faults.push(message.text());
  });
  await page.goto(path);
  return { page, faults };
}

/** `openConsole`, signed in by its form as a new person with these rights (admin when not given). */
export async function openSignedIn(
  t: TestContext,
  hub: InProcessHub,
  path = '/',
  { rights = { role: 'admin' }, ...options }: BrowserContextOptions & { rights?: Rights } = {},
): Promise<ConsolePage> {
  await makeAccount(hub, 'anna', rights);
  const opened = await openConsole(t, hub, path, options);
  await signIn(opened.page);
  return opened;
}

/** Fills in the sign-in form that is there, and waits until the console is. */
export async function signIn(page: Page, name = 'anna'): Promise<void> {
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('navigation', { name: 'Pages' }).waitFor();
}
