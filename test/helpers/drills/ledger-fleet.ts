import {
  makeDevice,
  type Device,
  type HubMemory,
  type Settlement,
} from '../../../sdk/typescript/src/node.ts';
import { query } from '../services/influxd.ts';
import type { HubProcess } from '../services/process.ts';
import { compareReadings, valueAt, type Comparison, type ReadingLog } from './readings-verdict.ts';

export interface Credential {
  id: string;
  secret: string;
}

/** Registers `count` devices of type env-sensor on a running hub. */
export async function addDevices(
  hub: HubProcess,
  count: number,
  prefix = 'd-',
  site = 'default',
): Promise<Credential[]> {
  const named = ['--count', String(count), '--prefix', prefix, '--type', 'env-sensor@1', '--site', site];
  const { code, stdout, stderr } = await hub.cli(['device', 'add', ...named, '--json']);
  if (code !== 0) throw new Error(`devices not added: ${stderr}`);
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Credential);
}

export interface LedgerFleetOptions {
  url: string;
  credentials: readonly Credential[];
  /** Readings a second of each device. */
  perSec: number;
  capacity?: number;
  /** Seconds; the device type's own when not given. */
  heartbeatSec?: number;
  /** The hub's CA, PEM; not needed with plain ws. */
  ca?: string;
  /** What a device remembers of commands; over a lost connection when not given. */
  memory?: () => HubMemory;
}

interface Sender {
  client: Device;
  /** Unix ms of every reading, in order: one reading a time. */
  sent: number[];
  /** When each was acked, Unix ms, by its own time. */
  stored: Map<number, number>;
  refused: number;
  lastMs: number;
}

/** Devices that send at a fixed rate and write down what they were acked for: the truth the hub is held against. */
export class LedgerFleet {
  readonly #devices = new Map<string, Sender>();
  readonly #perSec: number;
  #timer: NodeJS.Timeout | undefined;
  /** How long each reading took from `send` to its settlement, ms; kept while it is set. */
  delays: number[] | undefined;

  constructor(options: LedgerFleetOptions) {
    const { url, credentials, perSec, capacity = 100_000, heartbeatSec, ca, memory } = options;
    this.#perSec = perSec;
    for (const { id, secret } of credentials) {
      const client = makeDevice({
        url,
        id,
        secret,
        capacity,
        type: 'env-sensor@1',
        backoffFirstMs: 200,
        ...(heartbeatSec === undefined ? {} : { heartbeatSec }),
        ...(ca === undefined ? {} : { ca }),
        ...(memory === undefined ? {} : { memory: memory() }),
      });
      this.#devices.set(id, { client, sent: [], stored: new Map(), refused: 0, lastMs: 0 });
    }
  }

  /** Each device's id and client. */
  get clients(): [string, Device][] {
    return [...this.#devices].map(([id, { client }]) => [id, client]);
  }

  get online(): number {
    return [...this.#devices.values()].filter(({ client }) => client.isOpen).length;
  }

  /** Readings kept by the devices: not settled yet. */
  get unsettled(): number {
    return [...this.#devices.values()].reduce((sum, { client }) => sum + client.counts().waiting, 0);
  }

  get size(): number {
    return this.#devices.size;
  }

  get acked(): number {
    return [...this.#devices.values()].reduce((sum, { stored }) => sum + stored.size, 0);
  }

  /** Unix ms of every reading acked before `untilMs`, by device. */
  ackedBefore(untilMs: number): ReadonlyMap<string, readonly number[]> {
    const before = ([, ackedMs]: readonly [number, number]): boolean => ackedMs < untilMs;
    return new Map(
      [...this.#devices].map(([id, { stored }]) => [id, [...stored].filter(before).map(([ts]) => ts)]),
    );
  }

  get sent(): number {
    return [...this.#devices.values()].reduce((sum, { sent }) => sum + sent.length, 0);
  }

  get refused(): number {
    return [...this.#devices.values()].reduce((sum, { refused }) => sum + refused, 0);
  }

  connect(): void {
    for (const { client } of this.#devices.values()) client.wake();
  }

  /** Sends until `stop`: every device at its rate, spread over the second. */
  start(): void {
    const devices = [...this.#devices.values()];
    const startedMs = performance.now();
    let ticks = 0;
    this.#timer = setInterval(() => {
      const due = ((performance.now() - startedMs) / 1000) * this.#perSec * devices.length;
      for (; ticks < due; ticks += 1) {
        const device = devices[ticks % devices.length];
        if (device !== undefined) this.#sendOne(device);
      }
    }, 10);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async close(): Promise<void> {
    this.stop();
    await Promise.all([...this.#devices.values()].map(({ client }) => client.close()));
  }

  /** Holds the ledger against InfluxDB. */
  async compare(influxUrl: string): Promise<Comparison> {
    const logs: ReadingLog[] = [];
    for (const [device, { sent, stored: acked }] of this.#devices) {
      const influxql = `SELECT temperature FROM env_sensor_env WHERE device = '${device}'`;
      const [series] = await query(influxUrl, 'hub', influxql);
      const stored = new Map((series?.values ?? []).map(([time, value]) => [Number(time) / 1000, value]));
      logs.push({ device, sent, acked: [...acked.keys()], stored });
    }
    return compareReadings(logs);
  }

  #sendOne(device: Sender): void {
    const ts = Math.max(Date.now(), device.lastMs + 1);
    device.lastMs = ts;
    device.sent.push(ts);
    const { delays } = this;
    const startedMs = performance.now();
    const settled = ({ kind }: Settlement): void => {
      if (kind === 'stored') {
        device.stored.set(ts, Date.now());
        delays?.push(performance.now() - startedMs);
      } else if (kind === 'refused') device.refused += 1;
    };
    void device.client.measure('env', { temperature: valueAt(ts) }, { ts }).then(settled);
  }
}
