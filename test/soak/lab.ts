import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectAsync, type MqttClient } from 'mqtt';
import { LinkFaults, makeDevice, wsLinks, type Device } from '../../sdk/typescript/src/node.ts';
import { parseMetrics } from '../../device-sim/verify/hub-numbers.ts';
import { freePort } from '../helpers/services/free-port.ts';
import { temporaryFolder } from '../helpers/services/guard.ts';
import { startMosquitto } from '../helpers/services/mosquitto.ts';
import { spawnHub, type HubProcess } from '../helpers/services/process.ts';
import { startTcpProxy, type TcpProxy } from '../helpers/services/tcp-proxy.ts';
import { waitFor } from '../helpers/wait-for.ts';

export interface PublishedPresence {
  device: string;
  state: string;
  reason: string;
  epoch: number;
  /** Unix ms: when the hub judged. */
  since: number;
  n: number;
  /** Unix ms: when it came to us. */
  atMs: number;
}

export interface PublishedIncident {
  id: string;
  kind: string;
  state: string;
  scope?: { by: string; value: string };
  devices: number;
}

export interface LabOptions {
  /** Site → number of devices; ids are `<site>-1` and so on. */
  sites: Readonly<Record<string, number>>;
  heartbeatSec: number;
  env?: Readonly<Record<string, string>>;
}

const backoffMaxMs = 4_000;

/** A real hub on a real broker, and devices of the SDK in this process, one proxy before each site. */
export class Lab {
  readonly changes: PublishedPresence[] = [];
  readonly incidents: PublishedIncident[] = [];
  readonly clients = new Map<string, Device>();
  /** What can go wrong with the link of each. */
  readonly links = new Map<string, LinkFaults>();
  readonly proxies = new Map<string, TcpProxy>();
  /** The longest wait of a device between two attempts. */
  readonly backoffMaxMs = backoffMaxMs;
  hub: HubProcess;
  readonly #options: LabOptions;
  readonly #start: () => Promise<HubProcess>;
  readonly #release: (() => Promise<void> | void)[];

  private constructor(
    options: LabOptions,
    hub: HubProcess,
    start: () => Promise<HubProcess>,
    bus: MqttClient,
    release: (() => Promise<void> | void)[],
  ) {
    this.#options = options;
    this.hub = hub;
    this.#start = start;
    this.#release = release;
    bus.on('message', (topic, payload) => this.#published(topic, payload.toString()));
  }

  static async start(options: LabOptions): Promise<Lab> {
    const folder = temporaryFolder('lab');
    const broker = await startMosquitto();
    const env = {
      HUB_DEVICE_LISTEN: `127.0.0.1:${await freePort()}`,
      HUB_MQTT_URL: broker.url,
      HUB_BACKOFF_MAX_MS: String(backoffMaxMs),
      HUB_LOG_LEVEL: 'warn',
      ...options.env,
    };
    // The ready line is an info.
    const start = (): Promise<HubProcess> =>
      spawnHub({ dataDir: folder.path, env: { ...env, HUB_LOG_LEVEL: 'info' } });
    const hub = await start();
    const bus = await connectAsync(broker.url);
    const release = [
      () => bus.endAsync(true),
      () => broker.close(),
      () => {
        folder.remove();
      },
    ];
    const lab = new Lab(options, hub, start, bus, release);
    await bus.subscribeAsync(['hub/v1/presence-change/#', 'hub/v1/incident/#'], { qos: 1 });
    for (const [site, count] of Object.entries(options.sites)) await lab.#addSite(site, count);
    return lab;
  }

  /** The value of one line of the hub's `/metrics`. @throws when it has no such line */
  async metric(name: string): Promise<number> {
    const page = await (await fetch(new URL('/metrics', this.hub.adminUrl))).text();
    const value = parseMetrics(page).get(name);
    if (value === undefined) throw new Error(`there is no metric ${name}`);
    return value;
  }

  get online(): number {
    return [...this.clients.values()].filter(({ isOpen }) => isOpen).length;
  }

  /** Connects every device, and resolves when all have a session. */
  async connect(timeoutMs = 60_000): Promise<void> {
    for (const client of this.clients.values()) client.wake();
    await this.allOnline(timeoutMs);
  }

  async allOnline(timeoutMs = 60_000): Promise<void> {
    await waitFor(() => this.online === this.clients.size, {
      what: `all devices are online (${this.clients.size})`,
      timeoutMs,
      everyMs: 20,
    });
  }

  /** Starts the hub again on the same data and address, after it ended. */
  async restart(): Promise<void> {
    this.hub = await this.#start();
  }

  /** Changes published since `fromMs` (Unix ms) with one of these states. */
  published(states: readonly string[], fromMs = 0): PublishedPresence[] {
    return this.changes.filter(({ state, atMs }) => atMs >= fromMs && states.includes(state));
  }

  async stop(): Promise<void> {
    await Promise.all([...this.clients.values()].map((client) => client.close()));
    await this.hub.close();
    for (const proxy of this.proxies.values()) await proxy.close();
    for (const release of this.#release) await release();
  }

  async #addSite(site: string, count: number): Promise<void> {
    const names = ['--prefix', `${site}-`, '--count', String(count), '--site', site];
    const { stdout, stderr } = await this.hub.cli([
      'device',
      'add',
      ...names,
      '--type',
      'env-sensor@1',
      '--json',
    ]);
    const url = new URL(this.hub.deviceUrl);
    const proxy = await startTcpProxy({ host: '127.0.0.1', port: Number(url.port) });
    this.proxies.set(site, proxy);
    url.port = String(proxy.port);
    const ca = readFileSync(join(this.hub.dataDir, 'tls', 'ca.crt'), 'utf8');
    const lines = stdout.trim().split('\n');
    if (lines.length !== count) throw new Error(`devices not added: ${stderr}`);
    for (const line of lines) {
      const { id, secret } = JSON.parse(line) as { id: string; secret: string };
      const { heartbeatSec } = this.#options;
      const link = new LinkFaults(wsLinks({ ca }));
      this.links.set(id, link);
      this.clients.set(
        id,
        makeDevice({
          url: url.href,
          id,
          secret,
          openLink: link.open,
          heartbeatSec,
          firmware: `fw-${site}`,
          type: 'env-sensor@1',
        }),
      );
    }
  }

  #published(topic: string, text: string): void {
    const [, , kind, name = ''] = topic.split('/');
    if (kind === 'incident') this.incidents.push(JSON.parse(text) as PublishedIncident);
    else this.changes.push({ ...(JSON.parse(text) as PublishedPresence), device: name, atMs: Date.now() });
  }
}
