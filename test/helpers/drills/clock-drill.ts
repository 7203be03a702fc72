import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fakeClock } from '../services/fake-clock.ts';
import { freePort } from '../services/free-port.ts';
import { temporaryFolder } from '../services/guard.ts';
import { startInflux, type InfluxServer } from '../services/influxd.ts';
import { spawnHub, type HubProcess } from '../services/process.ts';
import { waitFor } from '../wait-for.ts';
import { quiet } from './kill-rounds.ts';
import { addDevices, LedgerFleet } from './ledger-fleet.ts';
import type { Comparison } from './readings-verdict.ts';
import { letPass } from '../let-pass.ts';

const second = 1_000;
const day = 86_400_000;

/** How far a machine's clock may be off, ms. */
export const wrongClocks: Readonly<Record<string, () => number>> = {
  '10 s ahead': () => 10 * second,
  '10 s behind': () => -10 * second,
  '1 h ahead': () => 3_600 * second,
  '1 h behind': () => -3_600 * second,
  '30 d ahead': () => 30 * day,
  '1972': () => Date.UTC(1972, 0, 1) - Date.now(),
  '2037': () => Date.UTC(2037, 0, 1) - Date.now(),
};

/** When the clock is wrong: from the first start on, for a while under load, or at a later start. */
export const scenes = ['first-start', 'running', 'restart'] as const;
export type Scene = (typeof scenes)[number];

export interface ClockReport extends Comparison {
  clock: string;
  scene: Scene;
  /** Readings the devices were refused permanently. */
  refused: number;
  /** What `/readyz` said of the clock while it was wrong. */
  said: string | undefined;
  /** How long it took `/readyz` to be content when the clock was right again, ms. */
  rightAfterMs: number;
  /** When the hourly schedule is due after that, ms from then. */
  nextInMs: number;
  imbalance: number;
}

export interface ClockDrillOptions {
  clock: string;
  scene: Scene;
  devices: number;
  perSec: number;
  /** How long the clock is wrong, ms. */
  wrongMs: number;
}

const heartbeatSec = 2;
/** The hub has noticed by then that its clock was set: it looks once a second. */
const noticedMs = 1_500;
/** Devices have told their clocks by then, ms. */
const toldMs = heartbeatSec * 1_000;

/** A hub whose clock is wrong and then right again, under load; it ends with a restart. */
export async function clockDrill({ clock, scene, ...options }: ClockDrillOptions): Promise<ClockReport> {
  const offset = wrongClocks[clock];
  if (offset === undefined) throw new Error(`no clock is called ${clock}`);
  const folder = temporaryFolder('clock');
  const machine = fakeClock(join(folder.path, 'offset'));
  const influx = await startInflux();
  const env = {
    HUB_DEVICE_LISTEN: `127.0.0.1:${await freePort()}`,
    HUB_INFLUX_URL: influx.url,
    HUB_ACK_DELAY_MS: '50',
    ...machine.env,
  };
  const dataDir = join(folder.path, 'data');
  const start = (): Promise<HubProcess> => spawnHub({ env, dataDir });
  if (scene === 'first-start') machine.set(offset());
  let hub = await start();
  let fleet: LedgerFleet | undefined;
  try {
    const credentials = await addDevices(hub, options.devices);
    await addSchedule(hub);
    const ca = readFileSync(join(dataDir, 'tls', 'ca.crt'), 'utf8');
    const { perSec } = options;
    const devices = new LedgerFleet({ url: hub.deviceUrl, credentials, perSec, heartbeatSec, ca });
    fleet = devices;
    const online = (): Promise<unknown> =>
      waitFor(() => devices.online === devices.size, { what: 'all are online', timeoutMs: 30_000 });
    devices.connect();
    // A device that refuses the certificate of a wrong clock comes when the clock is right.
    if (scene !== 'first-start' || Math.abs(offset()) < day) await online();
    await letPass(toldMs);
    devices.start();
    await letPass(1_000);
    if (scene === 'running') machine.set(offset());
    if (scene === 'restart') {
      await hub.kill();
      machine.set(offset());
      hub = await start();
    }
    await letPass(options.wrongMs);
    const said = await saidOfClock(hub);
    machine.set(0);
    if (scene === 'restart') {
      await hub.kill();
      hub = await start();
    }
    // How long a start takes is the machine's affair.
    const rightMs = performance.now();
    await waitFor(async () => (await saidOfClock(hub)) === undefined, {
      what: 'the clock is believed again',
      timeoutMs: 60_000,
      everyMs: 100,
    });
    const rightAfterMs = performance.now() - rightMs;
    // A clock that nobody doubted was set too.
    await letPass(noticedMs);
    const nextInMs = await nextOfSchedule(hub);
    await hub.kill();
    hub = await start();
    await online();
    devices.stop();
    const { imbalance } = await settled(hub, devices);
    const compared = await devices.compare(influx.url);
    const { refused } = devices;
    return { clock, scene, ...compared, refused, said, rightAfterMs, nextInMs, imbalance };
  } finally {
    await close(fleet, hub, influx);
    folder.remove();
  }
}

async function settled(hub: HubProcess, fleet: LedgerFleet): Promise<{ imbalance: number }> {
  return quiet(hub, fleet, 60_000);
}

async function close(fleet: LedgerFleet | undefined, hub: HubProcess, influx: InfluxServer): Promise<void> {
  await fleet?.close();
  await hub.close();
  await influx.close();
}

async function addSchedule(hub: HubProcess): Promise<void> {
  const when = ['--cron', '0 * * * *', '--time-zone', 'UTC'];
  const { code, stderr } = await hub.cli([
    'schedule',
    'add',
    'hourly',
    ...when,
    '--to',
    'all',
    '--notice',
    'tick',
  ]);
  if (code !== 0) throw new Error(`the schedule was not added: ${stderr}`);
}

async function nextOfSchedule(hub: HubProcess): Promise<number> {
  const { stdout } = await hub.cli(['schedule', 'next', 'hourly', '--count', '1']);
  return Date.parse(stdout.trim()) - Date.now();
}

async function saidOfClock(hub: HubProcess): Promise<string | undefined> {
  const { parts } = (await (await fetch(new URL('/readyz', hub.adminUrl))).json()) as {
    parts: { clock: { reason?: string } };
  };
  return parts.clock.reason;
}
