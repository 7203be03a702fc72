import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';

export interface TabMemory {
  /** JavaScript objects, with those that nothing uses any more and are not yet collected. */
  heapMb: number;
  /** After a collection. */
  liveHeapMb: number;
  /** What is the renderer process' own plus its share of what processes share (proc(5), smaps_rollup). */
  pssMb: number;
  /** Its own alone. */
  privateMb: number;
}

const mb = (bytes: number): number => Math.round(bytes / 104_857.6) / 10;

/** The memory of the browser's only tab: its JavaScript heap, and its process as the system sees it (Linux). */
export async function tabMemory(browser: Browser, page: Page): Promise<TabMemory> {
  const tab = await page.context().newCDPSession(page);
  await tab.send('Performance.enable');
  const heap = async (): Promise<number> => {
    const { metrics } = await tab.send('Performance.getMetrics');
    return metrics.find(({ name }) => name === 'JSHeapUsedSize')?.value ?? Number.NaN;
  };
  const before = await heap();
  const { pss, own } = await rendererMemory(browser);
  await tab.send('HeapProfiler.collectGarbage');
  const live = await heap();
  await tab.detach();
  return { heapMb: mb(before), liveHeapMb: mb(live), pssMb: mb(pss), privateMb: mb(own) };
}

/** Of the largest renderer: the browser keeps a spare one ready. Bytes. */
async function rendererMemory(browser: Browser): Promise<{ pss: number; own: number }> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  const sizes = processInfo
    .filter(({ type }) => type === 'renderer')
    .map(({ id }) => {
      const rollup = readFileSync(`/proc/${id}/smaps_rollup`, 'utf8');
      const size = (name: string): number =>
        Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(rollup)?.[1]) * 1024;
      return { pss: size('Pss'), own: size('Private_Clean') + size('Private_Dirty') };
    });
  return sizes.toSorted((a, b) => b.pss - a.pss)[0] ?? { pss: Number.NaN, own: Number.NaN };
}
