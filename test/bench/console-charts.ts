import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { openInflux } from '../../hub/adapters/influx/influx.ts';
import { callHub } from '../../hub/cli/admin-client.ts';
import type { MetricsStore } from '../../hub/telemetry/store.ts';
import { registerDevices } from '../helpers/drills/command-fleet.ts';
import { demandBuiltConsole, launchChromium } from '../helpers/services/chromium.ts';
import { temporaryFolder } from '../helpers/services/guard.ts';
import { startInflux } from '../helpers/services/influxd.ts';
import { spawnHub } from '../helpers/services/process.ts';
import type { Revision } from './revision.ts';
import { spreadOf } from './spread.ts';

const devices = 8;
const fields = ['inside', 'outside', 'flow', 'return'];
const weekSec = 7 * 86_400;
const everySec = 10;
const hourMs = 3_600_000;
const loads = 7;
const account = { name: 'bench', password: 'correct horse battery' };

/** Four fields of one unit, so that all of them fit into one chart. */
const type = {
  name: 'heating',
  version: 1,
  presence: { heartbeatSec: 30, graceSec: 15 },
  streams: {
    circuit: {
      type: 'object',
      properties: Object.fromEntries(fields.map((name) => [name, { type: 'number', unit: 'Cel' }])),
      required: fields,
      additionalProperties: false,
    },
  },
};

/**
 * A week of four fields of eight devices, a reading each ten seconds in InfluxDB and its roll-ups, as one chart of 32 lines in
 * the machine's Chromium. The goal: below 500 ms.
 */
export async function benchConsoleCharts(revision: Revision): Promise<object> {
  demandBuiltConsole();
  const types = temporaryFolder('bench-types');
  const influx = await startInflux();
  const store = openInflux({ url: influx.url, database: 'hub', timeoutMs: 30_000 });
  const env = {
    HUB_TLS: 'off',
    HUB_INFLUX_URL: influx.url,
    HUB_ROLL_UPS: '1m',
    HUB_SCHEMAS_DIR: types.path,
  };
  writeFileSync(join(types.path, 'heating@1.json'), JSON.stringify(type));
  await store.createDatabase();
  await writeWeek(store);
  const hub = await spawnHub({ ...revision, env });
  let browser: Browser | undefined;
  try {
    await registerDevices(hub, { prefix: 'h-', count: devices, type: 'heating@1' });
    const rights = { role: 'viewer', devices: '*', safety: 'observe', password: account.password };
    await callHub(join(hub.dataDir, 'hub.sock'), 'PUT', `/api/v1/operators/accounts/${account.name}`, rights);
    browser = await launchChromium();
    const page = await browser.newPage({ baseURL: hub.adminUrl, viewport: { width: 1280, height: 800 } });
    await page.goto('/compare');
    await page.getByLabel('Name').fill(account.name);
    await page.getByLabel('Password').fill(account.password);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    const ids = Array.from({ length: devices }, (_, at) => `h-${at + 1}`).join(',');
    const lines = fields.map((name) => `circuit.${name}`).join(',');
    const address = `/compare?range=7d&devices=${ids}&fields=${lines}`;
    const shownMs: number[] = [];
    const chartMs: number[] = [];
    await page.getByText('No devices to compare').waitFor();
    for (let load = 0; load < loads; load += 1) {
      await page.goto(address);
      const times = await (await page.waitForFunction(drawn)).jsonValue();
      shownMs.push(times?.shown ?? Number.NaN);
      chartMs.push((times?.shown ?? Number.NaN) - (times?.asked ?? Number.NaN));
    }
    return { devices, fields: fields.length, shownMs: spreadOf(shownMs), chartMs: spreadOf(chartMs) };
  } finally {
    await browser?.close();
    await hub.close();
    await store.close();
    await influx.close();
    types.remove();
  }
}

/** In the page, asked at each frame: when the chart was there, and when its readings were asked for; ms since the page began. */
function drawn(): { shown: number; asked: number } | undefined {
  const { document } = globalThis as unknown as { document: { querySelector(selector: string): unknown } };
  if (document.querySelector('.comparison canvas') === null) return undefined;
  const requests = performance.getEntriesByType('resource');
  const first = requests.find(({ name }) => name.includes('/series/'));
  return { shown: performance.now(), asked: first?.startTime ?? Number.NaN };
}

async function writeWeek(store: MetricsStore): Promise<void> {
  const endMs = Math.floor(Date.now() / hourMs) * hourMs;
  const beginMs = endMs - weekSec * 1_000;
  const valuesAt = (second: number): string =>
    fields.map((name, at) => `${name}=${(20 + 5 * Math.sin(second / 9_000 + at)).toFixed(2)}`).join(',');
  for (let device = 1; device <= devices; device += 1) {
    const lineAt = (second: number): string =>
      `heating_circuit,device=h-${device},site=default ${valuesAt(second)} ${(beginMs + second * 1_000) * 1_000}`;
    for (let from = 0; from < weekSec; from += 5_000 * everySec) {
      const size = Math.min(5_000, (weekSec - from) / everySec);
      const outcome = await store.write(
        Array.from({ length: size }, (_, at) => lineAt(from + at * everySec)),
      );
      if (outcome.kind !== 'stored') throw new Error(`not stored: ${JSON.stringify(outcome)}`);
    }
  }
  for (let from = beginMs; from < endMs; from += hourMs)
    await store.rollUp('heating_circuit', from, from + hourMs);
}
