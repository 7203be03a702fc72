import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { callHub } from '../../hub/cli/admin-client.ts';
import { letPass } from '../helpers/let-pass.ts';
import { demandBuiltConsole, launchChromium } from '../helpers/services/chromium.ts';
import { registerDevices } from '../helpers/drills/command-fleet.ts';
import { spawnHub } from '../helpers/services/process.ts';
import { runLoad } from './load-run.ts';
import type { Revision } from './revision.ts';
import { spreadOf } from './spread.ts';

const devices = 20_000;
/** As many are registered at once. */
const batch = 10_000;
/** Devices that send a reading a second: as many changes of the list a second. */
const senders = 2_000;
/** How long the list stays open, to see whether it grows; BENCH_SECONDS makes it longer. */
const seconds = Number(process.env['BENCH_SECONDS'] ?? 60);
const loads = 5;
const scrollMs = 10_000;
const account = { name: 'bench', password: 'correct horse battery' };

/** What the page itself counts; `globalThis` there is a browser's window. */
interface Watched {
  countsMs?: number;
  firstRowMs?: number;
  allRowsMs?: number;
}

/**
 * Overview and list of 20,000 devices, in the machine's Chromium, while 2,000 of them change each second. The goals:
 * the first counts and the first row below 300 ms, no gaps and no frame over 50 ms while scrolling, below 120 MB in the tab.
 */
export async function benchConsole(revision: Revision): Promise<object> {
  demandBuiltConsole();
  const hub = await spawnHub({ ...revision, env: { HUB_TLS: 'off' } });
  let browser: Browser | undefined;
  try {
    const secrets = new Map<string, string>();
    for (const prefix of ['a-', 'b-'])
      for (const added of await registerDevices(hub, { prefix, count: batch, type: 'env-sensor@1' }))
        secrets.set(...added);
    const rights = { role: 'viewer', devices: '*', safety: 'observe', password: account.password };
    await callHub(join(hub.dataDir, 'hub.sock'), 'PUT', `/api/v1/operators/accounts/${account.name}`, rights);
    const sending = [...secrets].slice(0, senders).map(([id, secret]) => ({ id, secret }));
    browser = await launchChromium();
    const context = await browser.newContext({
      baseURL: hub.adminUrl,
      viewport: { width: 1280, height: 800 },
    });
    const page = await context.newPage();
    await signIn(page);

    const ready = Promise.withResolvers<void>();
    const load = runLoad(
      { url: hub.deviceUrl, devices: sending, perSec: 1, seconds: seconds + 60 },
      { ready: ready.resolve },
    );
    await ready.promise;
    const overviewMs = await loadTimes(page, '/', 'countsMs');
    const firstRowMs = await loadTimes(page, '/devices', 'firstRowMs');
    const allRowsMs = await loadTimes(page, '/devices', 'allRowsMs');
    await page.close();
    // A tab of its own: what loading the page again and again leaves behind is not to be counted.
    const list = await context.newPage();
    await watchRows(list);
    const changes = countChanges(list);
    await list.goto('/devices');
    await list.waitForFunction(() => (globalThis as unknown as { watched: Watched }).watched.allRowsMs);
    const fromMs = performance.now();
    const before = changes.count;
    const scrolled = await scrollThrough(list);
    const changesPerSec = ((changes.count - before) * 1_000) / (performance.now() - fromMs);
    const early = await memoryOf(browser, list);
    await letPass(seconds * 1_000);
    const late = await memoryOf(browser, list);
    const { sent, acked } = await load;
    return {
      devices,
      overviewMs,
      firstRowMs,
      allRowsMs,
      changesPerSec: Math.round(changesPerSec),
      ...scrolled,
      early,
      [`after${seconds}Sec`]: late,
      sent,
      acked,
    };
  } finally {
    await browser?.close();
    await hub.close();
  }
}

async function watchRows(page: Page): Promise<void> {
  // Before the page's own scripts, on each load: when its first row is there, and when the count of all is.
  await page.addInitScript(
    (all) => {
      const watched: Watched = {};
      Object.assign(globalThis, { watched });
      const { document, MutationObserver } = globalThis as unknown as {
        document: { querySelector(selector: string): { textContent: string | null } | null };
        MutationObserver: new (run: () => void) => { observe(node: unknown, options: object): void };
      };
      const look = (): void => {
        if (document.querySelector('main .state-counts b') !== null) watched.countsMs ??= performance.now();
        if (document.querySelector('.vbody .vrow') !== null) watched.firstRowMs ??= performance.now();
        if (document.querySelector('.filters-count')?.textContent === all)
          watched.allRowsMs ??= performance.now();
      };
      new MutationObserver(look).observe(document, { childList: true, subtree: true, characterData: true });
    },
    `${devices.toLocaleString('en')} devices`,
  );
}

async function signIn(page: Page): Promise<void> {
  await watchRows(page);
  await page.goto('/devices');
  await page.getByLabel('Name').fill(account.name);
  await page.getByLabel('Password').fill(account.password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('table', { name: 'Devices' }).waitFor();
}

/** Loads the page several times; from the beginning of each to what is looked for. */
async function loadTimes(
  page: Page,
  path: string,
  until: keyof Watched,
): Promise<ReturnType<typeof spreadOf>> {
  const tookMs: number[] = [];
  for (let load = 0; load < loads; load += 1) {
    await page.goto(path);
    const seen = await page.waitForFunction(
      (name) => (globalThis as unknown as { watched: Watched }).watched[name],
      until,
    );
    tookMs.push(Number(await seen.jsonValue()));
  }
  return spreadOf(tookMs);
}

/** Changes of devices that the live feed brings to the page. */
function countChanges(page: Page): { count: number } {
  const changes = { count: 0 };
  page.on('websocket', (socket) =>
    socket.on('framereceived', ({ payload }) => {
      const message = JSON.parse(String(payload)) as { t: string; devices?: unknown[] };
      if (message.t === 'fleet') changes.count += message.devices?.length ?? 0;
    }),
  );
  return changes;
}

/** Scrolls the whole list down and up again; looks at each frame whether there is a row wherever one should be. */
async function scrollThrough(page: Page): Promise<object> {
  return page.getByRole('table', { name: 'Devices' }).evaluate(async (table, lastingMs) => {
    const gaps: number[] = [];
    const times: number[] = [];
    const { requestAnimationFrame } = table.ownerDocument.defaultView as unknown as {
      requestAnimationFrame: (run: (timeMs: number) => void) => void;
    };
    const { left, top, height } = table.getBoundingClientRect();
    const frame = (): Promise<number> => new Promise((painted) => requestAnimationFrame(painted));
    const beginMs = await frame();
    for (let nowMs = beginMs; nowMs < beginMs + lastingMs; nowMs = await frame()) {
      times.push(nowMs);
      const bare = [60, height / 2, height - 20].some(
        (y) => table.ownerDocument.elementFromPoint(left + 60, top + y)?.closest('.vbody .vrow') === null,
      );
      if (bare) gaps.push(nowMs);
      const share = 1 - Math.abs(1 - (2 * (nowMs - beginMs)) / lastingMs);
      table.scrollTop = share * (table.scrollHeight - height);
    }
    const lengths = times.slice(1).map((time, at) => time - (times[at] ?? 0));
    const sorted = lengths.toSorted((a, b) => a - b);
    const at = (share: number): number => Math.round(sorted[Math.floor(sorted.length * share)] ?? 0);
    return {
      scrollFrames: lengths.length,
      gaps: gaps.length,
      frameP50Ms: at(0.5),
      frameP99Ms: at(0.99),
      frameMaxMs: Math.round(sorted.at(-1) ?? 0),
      over50Ms: lengths.filter((length) => length > 50).length,
    };
  }, scrollMs);
}

/** The tab's script heap after a collection, and what its process has for itself alone; MB. */
async function memoryOf(browser: Browser, page: Page): Promise<object> {
  const tab = await page.context().newCDPSession(page);
  await tab.send('HeapProfiler.collectGarbage');
  await tab.send('Performance.enable');
  const { metrics } = await tab.send('Performance.getMetrics');
  const heap = metrics.find(({ name }) => name === 'JSHeapUsedSize')?.value ?? 0;
  const all = await browser.newBrowserCDPSession();
  const { processInfo } = await all.send('SystemInfo.getProcessInfo');
  const sizes = processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => privateBytes(id));
  const mb = (bytes: number): number => Math.round(bytes / 1e5) / 10;
  return { heapMb: mb(heap), tabMb: mb(Math.max(...sizes)) };
}

/** Linux: memory that no other process shares (proc_pid_smaps(5)). */
function privateBytes(pid: number): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const kib = [...text.matchAll(/^Private_(?:Clean|Dirty):\s+(\d+) kB$/gm)].map(([, size]) => Number(size));
  return kib.reduce((sum, size) => sum + size, 0) * 1024;
}
