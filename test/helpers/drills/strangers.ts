import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { openRaw, type RawDeviceOptions } from '../devices/raw-device.ts';
import { startSecurityHub, type SecurityHub } from '../hubs/security-hub.ts';
import { letPass } from '../let-pass.ts';
import { waitFor } from '../wait-for.ts';
import { LedgerFleet } from './ledger-fleet.ts';
import { percentile } from './outage.ts';
import { floodNames, type FloodName, type FloodTask } from './stranger-floods.ts';

/** What everybody else notices in a while, with a flood or without. */
export interface Window {
  /** How long well-behaved devices waited for their acks, ms; of everything they sent in it. */
  p50Ms: number;
  p99Ms: number;
  /** Their readings that were refused, or not acked long after it. */
  unstored: number;
  /** Their connections that ended. */
  cut: number;
  /** How long the slowest of those took to get in that had never been there, ms. */
  newcomerMs: number;
  /** How often they were refused, all together. */
  refusedNewcomers: number;
  /** How long after its deadline a device that fell silent was found offline, ms; negative: early. */
  foundLateMs: number;
}

export interface FloodReport {
  flood: FloodName;
  attempts: number;
  /** Each window of the flood with the quiet one right before it, so that what else runs on the machine meets both. */
  pairs: { quiet: Window; attack: Window }[];
  /** Counters of the hub that rose under the flood alone, and by how much. */
  counters: Record<string, number>;
}

/** Of the device that falls silent, seconds; its grace is half of it. */
const heartbeatSec = 1;
/** Devices that come for the first time in each window, one after the other. */
const newcomers = 3;
/** How long somebody waits who gets nothing; that long is what is reported then. */
const patienceMs = 30_000;
/** After a flood, and before the next measurement, ms. */
const lullMs = 500;

/** What floods of strangers, and of a device that misbehaves, do to everybody else. */
export async function strangers(options: {
  devices: number;
  windowMs: number;
  /** Every flood comes at least once, and again until this time is up; 0 when not given. */
  forMs?: number;
  floods?: readonly FloodName[];
  /** A hub with a fault on purpose. */
  entry?: string;
  say?: (text: string) => void;
}): Promise<FloodReport[]> {
  const { devices, windowMs, forMs = 0, floods = floodNames, entry, say = () => undefined } = options;
  const untilMs = performance.now() + forMs;
  const ids = Array.from({ length: devices }, (_, n) => `d-${n + 1}`);
  // So few that a flood can take them all.
  const env = { HUB_TLS: 'off', HUB_ACK_DELAY_MS: '0', HUB_ACCEPT_PER_SEC: '100' };
  const hub = await startSecurityHub(
    [...ids, ...floods.map(greedyOf)],
    entry === undefined ? { env } : { env, entry },
  );
  const fleet = new LedgerFleet({
    url: hub.deviceUrl,
    credentials: ids.map((id) => ({ id, secret: hub.secretOf(id) })),
    perSec: 2,
  });
  const bystanders = new Bystanders(hub, fleet, windowMs);
  const reports = floods.map((flood): FloodReport => ({ flood, attempts: 0, pairs: [], counters: {} }));
  try {
    fleet.connect();
    await waitFor(() => fleet.online === fleet.size, { what: 'all devices are online', timeoutMs: 30_000 });
    fleet.start();
    do {
      for (const report of reports) {
        const { flood } = report;
        const before = await countersOf(hub);
        const quiet = await bystanders.watch();
        const between = await countersOf(hub);
        let attempts = 0;
        const attack = await bystanders.watch(async () => {
          const stop = await startFlood({
            flood,
            deviceUrl: hub.deviceUrl,
            adminUrl: hub.adminUrl,
            brokerUrl: hub.brokerUrl ?? '',
            greedy: { id: greedyOf(flood), secret: hub.secretOf(greedyOf(flood)) },
          });
          return async () => {
            attempts = await stop();
          };
        });
        addRises(report.counters, before, between, await countersOf(hub));
        report.attempts += attempts;
        report.pairs.push({ quiet, attack });
        say(
          `${flood}: ${attempts} attempts; quiet ${JSON.stringify(quiet)}; flooded ${JSON.stringify(attack)}`,
        );
        await letPass(lullMs);
      }
    } while (performance.now() < untilMs);
    return reports;
  } finally {
    await fleet.close();
    await hub.close();
  }
}

/** Starts something, and stops it. */
type Flood = () => Promise<() => Promise<void>>;

const noFlood: Flood = async () => Promise.resolve(async () => Promise.resolve());

/** The well-behaved: those that are there, those that come, and one that dies. */
class Bystanders {
  readonly #hub: SecurityHub;
  readonly #fleet: LedgerFleet;
  readonly #windowMs: number;
  #cut = 0;
  #window = 0;

  constructor(hub: SecurityHub, fleet: LedgerFleet, windowMs: number) {
    this.#hub = hub;
    this.#fleet = fleet;
    this.#windowMs = windowMs;
    for (const [, client] of fleet.clients) client.on('close', () => (this.#cut += 1));
  }

  /** @param flood goes on all the while */
  async watch(flood: Flood = noFlood): Promise<Window> {
    const n = (this.#window += 1);
    const newIds = Array.from({ length: newcomers }, (_, at) => `new-${n}-${at}`);
    const secrets = await this.#register([...newIds, `dead-${n}`]);
    const cutBefore = this.#cut;
    const dueMs = await fallSilent(this.#as(`dead-${n}`, secrets));
    const stop = await flood();
    const [settled, came, foundLateMs] = await Promise.all([
      this.#measure(),
      comeIn(
        newIds.map((id) => this.#as(id, secrets)),
        this.#windowMs / (newcomers + 1),
      ),
      this.#foundAfter(`dead-${n}`, dueMs),
    ]);
    await stop();
    const acks = await settled();
    return { ...acks, cut: this.#cut - cutBefore, ...came, foundLateMs };
  }

  async #register(ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const { devices } = await this.#hub.ask<{ devices: { id: string; secret: string }[] }>(
      'POST',
      '/devices',
      { ids, type: 'env-sensor@1', site: 'default' },
    );
    return new Map(devices.map(({ id, secret }) => [id, secret]));
  }

  /** Over plain ws, without a CA. */
  #as(id: string, secrets: ReadonlyMap<string, string>): RawDeviceOptions {
    return { url: this.#hub.deviceUrl, id, secret: secrets.get(id) ?? '' };
  }

  /** @returns after the window: waits for the acks of what was sent in it */
  async #measure(): Promise<() => Promise<Pick<Window, 'p50Ms' | 'p99Ms' | 'unstored'>>> {
    const fleet = this.#fleet;
    const delays: number[] = [];
    const sentBefore = fleet.sent;
    fleet.delays = delays;
    await letPass(this.#windowMs);
    fleet.delays = undefined;
    const due = fleet.sent - sentBefore;
    return async () => {
      await waitFor(() => delays.length >= due, {
        what: 'all acks have come',
        timeoutMs: patienceMs,
        everyMs: 20,
      }).catch(() => undefined);
      return {
        p50Ms: rounded(percentile(delays, 0.5)),
        p99Ms: rounded(percentile(delays, 0.99)),
        unstored: due - delays.length,
      };
    };
  }

  async #foundAfter(id: string, dueMs: number): Promise<number> {
    const presenceOf = async (): Promise<string> =>
      (await this.#hub.ask<{ presence: string }>('GET', `/devices/${id}`)).presence;
    await waitFor(async () => (await presenceOf()) === 'offline', {
      what: `${id} is found offline`,
      timeoutMs: patienceMs,
      everyMs: 50,
    }).catch(() => undefined);
    return rounded(performance.now() - dueMs);
  }
}

async function startFlood(task: FloodTask): Promise<() => Promise<number>> {
  const worker = new Worker(new URL('./stranger-floods.ts', import.meta.url), { workerData: task });
  await once(worker, 'online');
  // A drill that fails half-way leaves no flood that holds up its own end.
  worker.unref();
  return async () => {
    worker.postMessage('stop');
    const [attempts] = (await once(worker, 'message')) as [number];
    await worker.terminate();
    return attempts;
  };
}

/** Opens a session and never says a word again. @returns when it has to be found, ms */
async function fallSilent(device: RawDeviceOptions): Promise<number> {
  const { welcome } = await openRaw({ ...device, autoPong: false }, { heartbeatSec });
  return performance.now() + (welcome.heartbeatSec + welcome.graceSec) * 1_000;
}

/** Each comes this long after the one before has got in, and tries again four times a second. */
async function comeIn(
  devices: readonly RawDeviceOptions[],
  everyMs: number,
): Promise<Pick<Window, 'newcomerMs' | 'refusedNewcomers'>> {
  let newcomerMs = 0;
  let refusedNewcomers = 0;
  for (const device of devices) {
    await letPass(everyMs);
    const began = performance.now();
    const refused = (): undefined => {
      refusedNewcomers += 1;
      return undefined;
    };
    const inside = await waitFor(() => openRaw(device).catch(refused), {
      what: `${device.id} gets in`,
      timeoutMs: patienceMs,
      everyMs: 250,
    }).catch(() => undefined);
    inside?.close();
    newcomerMs = Math.max(newcomerMs, rounded(performance.now() - began));
  }
  return { newcomerMs, refusedNewcomers };
}

function greedyOf(flood: FloodName): string {
  return `greedy-${floodNames.indexOf(flood)}`;
}

const rounded = (ms: number): number => Math.round(ms * 10) / 10;

/** Of the page of metrics (Prometheus text format): each series of a counter that tells of events. */
async function countersOf(hub: SecurityHub): Promise<ReadonlyMap<string, number>> {
  const page = await (await fetch(`${hub.adminUrl}/metrics`)).text();
  const lines = page.split('\n').filter((line) => /^hub_\w+_total[ {]/.test(line));
  return new Map(
    lines.map((line) => {
      const end = line.lastIndexOf(' ');
      return [line.slice(0, end), Number(line.slice(end + 1))];
    }),
  );
}

/** Adds what rose in the second while and, but for a few, not in the first. */
function addRises(
  sums: Record<string, number>,
  ...[start, middle, end]: [
    ReadonlyMap<string, number>,
    ReadonlyMap<string, number>,
    ReadonlyMap<string, number>,
  ]
): void {
  for (const [name, value] of end) {
    const flooded = value - (middle.get(name) ?? 0);
    const quiet = (middle.get(name) ?? 0) - (start.get(name) ?? 0);
    if (flooded > 10 * (quiet + 1)) sums[name] = (sums[name] ?? 0) + flooded;
  }
}
