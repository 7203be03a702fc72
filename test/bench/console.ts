import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { adminClient } from '../../hub/cli/admin-client.ts';
import { launchBrowser, signIn } from '../helpers/chromium.ts';
import { makeAccount } from '../helpers/operators.ts';
import { spawnHub, type HubProcess } from '../helpers/process.ts';
import { watchRows, watchScroll, type PageProbe, type ScrollProbe } from './console-probes.ts';
import { lookAt, picturesWhile, type ScrollPictures } from './scroll-pictures.ts';
import { tabMemory } from './tab-memory.ts';

const devices = 10_000;
const connected = 1_000;
const readingsPerSec = 960;
/** Each leave is followed by a return: two updates. */
const leavesPerSec = 20;
const updateSec = Number(process.env['BENCH_CONSOLE_SEC'] ?? 60);
const loads = 5;
/** About a screenful of rows, px, and how often: 5,000 px/s is a hard push at a trackpad that never ends. */
const wheelPx = 400;
const wheelEveryMs = 80;

/** A number, what it is to be at most (or exactly, for 0), and whether it is. */
interface Verdict {
  value: number;
  goal: string;
  ok: boolean;
}

function below(value: number, goal: number, unit: string): Verdict {
  return { value, goal: `< ${goal} ${unit}`, ok: value < goal };
}

/** Registers the fleet: sites and labels as real ones have. @returns the secrets of those that connect */
async function register({ dataDir }: HubProcess): Promise<{ id: string; secret: string }[]> {
  const admin = adminClient(join(dataDir, 'hub.sock'));
  const ids = Array.from({ length: devices }, (_, at) => `d-${at + 1}`);
  const secrets: { id: string; secret: string }[] = [];
  const sites = ['north', 'east', 'south', 'west'];
  for (const [at, site] of sites.entries()) {
    const own = ids.filter((_, index) => index % sites.length === at);
    secrets.push(...(await admin.addDevices({ ids: own, type: 'env-sensor@1', site })));
  }
  for (let at = 0; at < ids.length; at += 250) {
    const labelled = ids.slice(at, at + 250).map((id, index) =>
      admin.labelDevice(id, {
        set: { room: `room-${(at + index) % 400}`, floor: String(index % 9) },
        remove: [],
      }),
    );
    await Promise.all(labelled);
  }
  const talking = new Set(ids.slice(0, connected));
  return secrets.filter(({ id }) => talking.has(id));
}

interface Fleet {
  /** Ends it. @returns what it did */
  close(): Promise<object>;
}

async function startFleet(url: string, credentials: readonly object[]): Promise<Fleet> {
  const script = fileURLToPath(new URL('fleet-load.ts', import.meta.url));
  const child = spawn(process.execPath, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  child.stdin.end(JSON.stringify({ url, devices: credentials, readingsPerSec, leavesPerSec }));
  const lines = createInterface({ input: child.stdout });
  await Promise.race([
    once(lines, 'line'),
    exited.then(() => {
      throw new Error('the fleet ended before it was connected');
    }),
  ]);
  return {
    async close() {
      const report = once(lines, 'line') as Promise<[string]>;
      child.kill('SIGTERM');
      const [text] = await report;
      await exited;
      return JSON.parse(text) as object;
    },
  };
}

async function probeOf(page: Page): Promise<PageProbe> {
  return page.evaluate(() => (globalThis as unknown as { probe: PageProbe }).probe);
}

/** From the navigation to the first rows, and to all of them, ms. Nothing is in the browser's cache. */
async function load(browser: Browser, url: string): Promise<{ page: Page; rowsMs: number; allMs: number }> {
  const context = await browser.newContext({ baseURL: url, viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  await page.goto('/');
  await signIn(page);
  const tab = await context.newCDPSession(page);
  await tab.send('Network.clearBrowserCache');
  await tab.detach();
  await page.addInitScript(watchRows);
  const startedAt = performance.now();
  await page.goto('/');
  await page.getByText(`${devices.toLocaleString('en')} devices`).waitFor();
  const allMs = performance.now() - startedAt;
  await page.waitForFunction(() => ((globalThis as unknown as { probe: PageProbe }).probe.rowsMs ?? 0) > 0);
  return { page, rowsMs: (await probeOf(page)).rowsMs ?? Number.NaN, allMs };
}

interface Scrolled extends ScrollProbe {
  seconds: number;
  pictures: ScrollPictures;
}

/** Turns the wheel through the whole list. */
async function scrollThrough(browser: Browser, page: Page): Promise<Scrolled> {
  const table = page.getByRole('table', { name: 'Devices' });
  await table.hover();
  await page.evaluate(watchScroll);
  const left = (): Promise<number> =>
    table.evaluate((element) => element.scrollHeight - element.clientHeight - element.scrollTop);
  const frame = await table.boundingBox();
  const head = await table.locator('.vhead').boundingBox();
  const link = await table.locator('.vbody .cell-id').first().boundingBox();
  if (frame === null || head === null || link === null) throw new Error('the list is not in sight');
  const band = {
    left: Math.round(link.x),
    right: Math.round(link.x + link.width),
    top: Math.ceil(head.y + head.height),
    bottom: Math.floor(frame.y + frame.height),
  };
  const startedAt = performance.now();
  const pictures = await picturesWhile(page, async () => {
    while ((await left()) > 1) {
      for (let turn = 0; turn < 20; turn += 1) {
        const pause = sleep(wheelEveryMs);
        await page.mouse.wheel(0, wheelPx);
        await pause;
      }
    }
  });
  const seconds = Math.round((performance.now() - startedAt) / 100) / 10;
  const probe = await page.evaluate(() => (globalThis as unknown as { scrolled: ScrollProbe }).scrolled);
  return {
    ...probe,
    longestFrameMs: Math.round(probe.longestFrameMs),
    seconds,
    pictures: await lookAt(browser, pictures, band),
  };
}

/** Share of the page's main thread that was busy while `during` ran. */
async function busyShare(page: Page, during: () => Promise<unknown>): Promise<number> {
  const tab = await page.context().newCDPSession(page);
  await tab.send('Performance.enable');
  const read = async (): Promise<{ task: number; at: number }> => {
    const { metrics } = await tab.send('Performance.getMetrics');
    const value = (wanted: string): number => metrics.find(({ name }) => name === wanted)?.value ?? 0;
    return { task: value('TaskDuration'), at: value('Timestamp') };
  };
  const before = await read();
  await during();
  const after = await read();
  await tab.detach();
  return Math.round((100 * (after.task - before.task)) / (after.at - before.at)) / 100;
}

function quantile(values: readonly number[], share: number): number {
  return Math.round(values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? Number.NaN);
}

/**
 * The fleet page of the real hub in real Chromium: 10,000 devices, 1,000 of them connected, which send readings,
 * leave and come back, 1,000 updates a second together. How soon the list is there, whether it has gaps while it
 * is scrolled through, how late changes are shown, and the tab's memory afterwards.
 */
export async function benchConsole(): Promise<object> {
  const browser = await launchBrowser();
  const hub = await spawnHub({ env: { HUB_TLS: 'off' } });
  try {
    await makeAccount(hub, 'anna', { role: 'admin' });
    const fleet = await startFleet(hub.deviceUrl, await register(hub));
    const rowsMs: number[] = [];
    const allMs: number[] = [];
    for (let run = 1; run < loads; run += 1) {
      const tried = await load(browser, hub.adminUrl);
      rowsMs.push(tried.rowsMs);
      allMs.push(tried.allMs);
      await tried.page.context().close();
    }
    const { page, ...last } = await load(browser, hub.adminUrl);
    const mainThreadShare = await busyShare(page, () => sleep(updateSec * 1_000));
    const memory = await tabMemory(browser, page);
    const { readingDelaysMs, stateDelaysMs } = await probeOf(page);
    const scrolled = await scrollThrough(browser, page);
    const fleetDid = await fleet.close();
    const firstRowsMs = Math.round(Math.max(...rowsMs, last.rowsMs));
    const verdicts = {
      /** The slowest of several loads. */
      firstRows: below(firstRowsMs, 2_000, 'ms'),
      scrollGaps: { value: scrolled.gaps, goal: '0 frames', ok: scrolled.gaps === 0 },
      blankPictures: {
        value: scrolled.pictures.blank,
        goal: `0 of ${scrolled.pictures.count}`,
        ok: scrolled.pictures.count > 0 && scrolled.pictures.blank === 0,
      },
      lastRow: { value: scrolled.lastRow, goal: `row ${devices}`, ok: scrolled.lastRow === devices },
      tabPss: below(memory.pssMb, 150, 'MB'),
      tabHeap: below(memory.heapMb, 150, 'MB'),
      readingShownP99: below(quantile(readingDelaysMs, 0.99), 1_000, 'ms'),
      stateShownP99: below(quantile(stateDelaysMs, 0.99), 1_000, 'ms'),
    };
    return {
      ok: Object.values(verdicts).every(({ ok }) => ok),
      verdicts,
      devices,
      connected,
      updatesPerSec: readingsPerSec + 2 * leavesPerSec,
      updateSec,
      firstRowsMs: [...rowsMs, last.rowsMs].map(Math.round),
      allRowsMs: [...allMs, last.allMs].map(Math.round),
      scrolled,
      memory,
      mainThreadShare,
      readings: { shown: readingDelaysMs.length, p50Ms: quantile(readingDelaysMs, 0.5) },
      states: { shown: stateDelaysMs.length, p50Ms: quantile(stateDelaysMs, 0.5) },
      fleet: fleetDid,
    };
  } finally {
    await browser.close();
    await hub.close();
  }
}
