import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { callHub } from '../../hub/cli/admin-client.ts';
import { demandBuiltConsole, launchChromium } from '../helpers/services/chromium.ts';
import { registerDevices } from '../helpers/drills/command-fleet.ts';
import { spawnHub } from '../helpers/services/process.ts';
import { runLoad } from './load-run.ts';
import type { Revision } from './revision.ts';

const devices = 10_000;
/** Devices that send a reading a second: as many changes of the list a second. */
const senders = 1_000;
const seconds = 30;
const account = { name: 'bench', password: 'correct horse battery' };

/** What the page itself counts; `globalThis` there is a browser's window. */
interface Watched {
  firstRowMs?: number;
  allRowsMs?: number;
}

/**
 * The fleet page with 10,000 devices, in the machine's Chromium, while 1,000 of them change each second. The goals:
 * first paint below 2 s, no gaps while scrolling, below 150 MB in the tab.
 */
export async function benchConsole(revision: Revision): Promise<object> {
  demandBuiltConsole();
  const hub = await spawnHub({ ...revision, env: { HUB_TLS: 'off' } });
  let browser: Browser | undefined;
  try {
    const secrets = await registerDevices(hub, { prefix: 'd-', count: devices, type: 'env-sensor@1' });
    const rights = { role: 'viewer', devices: '*', safety: 'observe', password: account.password };
    await callHub(join(hub.dataDir, 'hub.sock'), 'PUT', `/api/v1/operators/accounts/${account.name}`, rights);
    const sending = [...secrets].slice(0, senders).map(([id, secret]) => ({ id, secret }));
    browser = await launchChromium();
    const page = await browser.newPage({ baseURL: hub.adminUrl, viewport: { width: 1280, height: 800 } });
    await signIn(page);

    const ready = Promise.withResolvers<void>();
    const load = runLoad(
      { url: hub.deviceUrl, devices: sending, perSec: 1, seconds },
      { ready: ready.resolve },
    );
    await ready.promise;
    const changes = countChanges(page);
    await page.reload();
    const watched = await page.waitForFunction(() => {
      const { watched: seen } = globalThis as unknown as { watched: Watched };
      return seen.allRowsMs === undefined ? null : seen;
    });
    const { firstRowMs, allRowsMs } = (await watched.jsonValue()) as Required<Watched>;
    const fromMs = performance.now();
    const before = changes.count;
    const scrolled = await scrollThrough(page);
    const changesPerSec = ((changes.count - before) * 1_000) / (performance.now() - fromMs);
    const memory = await memoryOf(browser, page);
    const { sent, acked } = await load;
    return {
      devices,
      firstRowMs: Math.round(firstRowMs),
      allRowsMs: Math.round(allRowsMs),
      changesPerSec: Math.round(changesPerSec),
      ...scrolled,
      ...memory,
      sent,
      acked,
    };
  } finally {
    await browser?.close();
    await hub.close();
  }
}

async function signIn(page: Page): Promise<void> {
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
        if (document.querySelector('.vbody .vrow') !== null) watched.firstRowMs ??= performance.now();
        if (document.querySelector('.filters-count')?.textContent === all)
          watched.allRowsMs ??= performance.now();
      };
      new MutationObserver(look).observe(document, { childList: true, subtree: true, characterData: true });
    },
    `${devices.toLocaleString('en')} devices`,
  );
  await page.goto('/devices');
  await page.getByLabel('Name').fill(account.name);
  await page.getByLabel('Password').fill(account.password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('table', { name: 'Devices' }).waitFor();
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
  return page.getByRole('table', { name: 'Devices' }).evaluate(async (table) => {
    const frames = 600;
    const gaps: number[] = [];
    const times: number[] = [];
    const { requestAnimationFrame } = table.ownerDocument.defaultView as unknown as {
      requestAnimationFrame: (run: (timeMs: number) => void) => void;
    };
    const { left, top, height } = table.getBoundingClientRect();
    for (let frame = 0; frame < frames; frame += 1) {
      const share = 1 - Math.abs(1 - (2 * frame) / frames);
      table.scrollTop = share * (table.scrollHeight - height);
      times.push(await new Promise<number>((painted) => requestAnimationFrame(painted)));
      await new Promise<number>((painted) => requestAnimationFrame(painted));
      const bare = [60, height / 2, height - 20].some(
        (y) => table.ownerDocument.elementFromPoint(left + 60, top + y)?.closest('.vbody .vrow') === null,
      );
      if (bare) gaps.push(frame);
    }
    const lengths = times.slice(1).map((time, at) => (time - (times[at] ?? 0)) / 2);
    const sorted = lengths.toSorted((a, b) => a - b);
    const at = (share: number): number => Math.round(sorted[Math.floor(sorted.length * share)] ?? 0);
    return { scrollFrames: frames, gaps: gaps.length, frameP50Ms: at(0.5), frameP99Ms: at(0.99) };
  });
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
