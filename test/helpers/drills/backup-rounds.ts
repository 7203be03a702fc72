import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { BackupManifest } from '../../../schemas/backup/backup-manifest.ts';
import { callHub } from '../../../hub/cli/admin-client.ts';
import { freePort } from '../services/free-port.ts';
import { temporaryFolder } from '../services/guard.ts';
import { runHub, spawnHub, type HubProcess } from '../services/process.ts';
import { waitFor } from '../wait-for.ts';
import { addDevices, LedgerFleet } from './ledger-fleet.ts';

export interface BackupReport {
  backups: number;
  /** Of the slowest, ms. */
  slowestMs: number;
  /** Readings acked, and commands promised, before the last backup began. */
  acked: number;
  promised: number;
  /** What a backup did not have: acked readings, promised commands, devices. */
  missing: string[];
  /** From a reading to its ack, ms: before the backups, and while they were made. */
  quietP99Ms: number;
  backupP99Ms: number;
  /** After the last backup was restored: commands in all, and those without a final status. */
  restored: number;
  open: number;
  /** Devices that came back. */
  online: number;
}

/** Backups of a hub with its embedded store while its devices send and are sent commands, each held against what was promised. */
export async function backupRounds(options: {
  devices: number;
  perSec: number;
  rounds: number;
  say?: (text: string) => void;
}): Promise<BackupReport> {
  const { say = () => undefined } = options;
  const folder = temporaryFolder('backups');
  const dataDir = join(folder.path, 'hub');
  const env = { HUB_TLS: 'off', HUB_DEVICE_LISTEN: `127.0.0.1:${await freePort()}`, HUB_ACK_DELAY_MS: '50' };
  let hub = await spawnHub({ env, dataDir });
  const credentials = await addDevices(hub, options.devices);
  const fleet = new LedgerFleet({ url: hub.deviceUrl, credentials, perSec: options.perSec });
  const commands = new Commands(
    hub,
    credentials.map(({ id }) => id),
  );
  const report = { slowestMs: 0, acked: 0, promised: 0, missing: [] as string[] };
  try {
    fleet.connect();
    await allOnline(fleet);
    fleet.start();
    commands.start();
    const quietDelays: number[] = [];
    fleet.delays = quietDelays;
    await waitFor(() => quietDelays.length > options.devices * options.perSec * 2, {
      what: 'the devices have sent for two seconds',
      timeoutMs: 30_000,
      everyMs: 50,
    });
    const backupDelays: number[] = [];
    fleet.delays = backupDelays;
    let last = '';
    for (let round = 1; round <= options.rounds; round += 1) {
      last = join(folder.path, `backup-${round}`);
      const startedMs = performance.now();
      const { code, stdout, stderr } = await hub.cli(['backup', last, '--json']);
      if (code !== 0) throw new Error(`round ${round}: ${stderr}`);
      const tookMs = performance.now() - startedMs;
      report.slowestMs = Math.max(report.slowestMs, Math.round(tookMs));
      const { madeAt } = JSON.parse(stdout) as BackupManifest;
      const promised = commands.promisedBefore(Date.parse(madeAt));
      const acked = fleet.ackedBefore(Date.parse(madeAt));
      report.acked = [...acked.values()].reduce((sum, times) => sum + times.length, 0);
      report.promised = promised.length;
      report.missing.push(...missingOf(last, acked, promised));
      say(`backup ${round}: ${tookMs.toFixed(0)} ms, ${report.acked} readings, ${promised.length} commands`);
    }
    await commands.stop();
    fleet.stop();
    await hub.kill('SIGKILL');
    hub = await restored(last, join(folder.path, 'restored'), env);
    await allOnline(fleet);
    const statuses = await finalStatuses(hub);
    return {
      backups: options.rounds,
      ...report,
      quietP99Ms: p99(quietDelays),
      backupP99Ms: p99(backupDelays),
      restored: statuses.length,
      open: statuses.filter((final) => !final).length,
      online: fleet.online,
    };
  } finally {
    await commands.stop();
    await fleet.close();
    await hub.close();
    folder.remove();
  }
}

/** Commands one after the other, to one device after the other. */
class Commands {
  /** Those that the hub has answered, `device/id`, and when, Unix ms. */
  readonly #promised = new Map<string, number>();
  readonly #socket: string;
  readonly #devices: readonly string[];
  #running: Promise<void> | undefined;
  #stopped = false;

  constructor(hub: HubProcess, devices: readonly string[]) {
    this.#socket = join(hub.dataDir, 'hub.sock');
    this.#devices = devices;
  }

  promisedBefore(untilMs: number): string[] {
    return [...this.#promised].filter(([, atMs]) => atMs < untilMs).map(([name]) => name);
  }

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    for (let number = 1; !this.#stopped; number += 1) {
      const device = this.#devices[number % this.#devices.length] ?? '';
      const body = { id: `c-${number}`, params: { seconds: 60 } };
      await callHub(this.#socket, 'POST', `/api/v1/devices/${device}/commands/set-interval`, body);
      this.#promised.set(`${device}/${body.id}`, Date.now());
    }
  }
}

/** What the backup does not have of what was promised before it began, and what SQLite says of its files. */
function missingOf(
  backup: string,
  acked: ReadonlyMap<string, readonly number[]>,
  promised: readonly string[],
): string[] {
  const missing: string[] = [];
  const rows = (name: string, sql: string): Record<string, unknown>[] => {
    const db = new DatabaseSync(join(backup, name), { readOnly: true });
    try {
      const check = db.prepare('PRAGMA integrity_check').get()?.['integrity_check'];
      if (check !== 'ok') missing.push(`${name}: ${String(check)}`);
      return db.prepare(sql).all();
    } finally {
      db.close();
    }
  };
  const devices = new Set(rows('state.db', 'SELECT id FROM device').map(({ id }) => id));
  const commands = new Set(
    rows('state.db', `SELECT device || '/' || id AS name FROM command`).map(({ name }) => name),
  );
  const stored = new Set(
    rows(
      'metrics.db',
      `SELECT device || ' ' || time_us AS name FROM point JOIN series ON series.id = series_id
        WHERE measurement = 'env_sensor_env'`,
    ).map(({ name }) => name),
  );
  const spooled = rows('spool.db', 'SELECT text FROM entry').map(({ text }) => String(text));
  for (const [device, times] of acked) {
    if (!devices.has(device)) missing.push(device);
    for (const ts of times) {
      const isSpooled = (text: string): boolean =>
        text.includes(`device=${device},`) && text.includes(` ${ts}000`);
      if (!stored.has(`${device} ${ts}000`) && !spooled.some(isSpooled)) missing.push(`${device} ${ts}`);
    }
  }
  return [...missing, ...promised.filter((name) => !commands.has(name))];
}

async function restored(
  backup: string,
  dataDir: string,
  env: Readonly<Record<string, string>>,
): Promise<HubProcess> {
  const { code, stderr } = await runHub(['restore', backup], { dataDir, env });
  if (code !== 0) throw new Error(`not restored: ${stderr}`);
  return spawnHub({ env, dataDir });
}

async function allOnline(fleet: LedgerFleet): Promise<void> {
  const what = 'all devices are online';
  await waitFor(() => fleet.online === fleet.size, { what, timeoutMs: 60_000, everyMs: 50 });
}

/** Of every command, whether it has a final status: waits until all have, as long as that may take. */
async function finalStatuses(hub: HubProcess): Promise<boolean[]> {
  const page = async (before?: number): Promise<boolean[]> => {
    const path = `/api/v1/commands?limit=1000${before === undefined ? '' : `&before=${before}`}`;
    const answer = await callHub(join(hub.dataDir, 'hub.sock'), 'GET', path, undefined);
    const { commands, next } = answer as { commands: { final: boolean }[]; next?: number };
    return [...commands.map(({ final }) => final), ...(next === undefined ? [] : await page(next))];
  };
  const until = performance.now() + 30_000;
  for (;;) {
    const statuses = await page();
    if (statuses.every(Boolean) || performance.now() > until) return statuses;
  }
}

function p99(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return Math.round(sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN);
}
