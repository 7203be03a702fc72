import { connectAsync } from 'mqtt';
import { RamMemory } from '../../../sdk/typescript/src/node.ts';
import { startBalancer, type Balancer } from '../cluster/balancer.ts';
import { letPass } from '../let-pass.ts';
import { temporaryFolder } from '../services/guard.ts';
import { startInflux, type InfluxServer } from '../services/influxd.ts';
import { startMosquitto, type MosquittoBroker } from '../services/mosquitto.ts';
import { mosquittoSub } from '../services/mosquitto-clients.ts';
import { startPostgres, type PostgresServer } from '../services/postgres.ts';
import { spawnHub, type HubProcess, type LogLine } from '../services/process.ts';
import { startTcpProxy, type TcpProxy } from '../services/tcp-proxy.ts';
import { waitFor } from '../wait-for.ts';
import { CommandRecord, type CommandReport } from './command-record.ts';
import { addDevices, LedgerFleet, type Comparison } from './ledger-fleet.ts';

/** What may befall hubs that are one. */
export const hubFaults = [
  'kill',
  'freeze-short',
  'freeze-long',
  'cut-state',
  'cut-broker',
  'cut-both',
  'links',
  'hammer',
  'restart',
  'postgres',
  'broker',
] as const;
export type HubFault = (typeof hubFaults)[number];

export interface HubChaosOptions {
  hubs: number;
  devices: number;
  /** Readings a second of each device. */
  perSec: number;
  /** To devices at random, by hubs at random, all in all. */
  commandsPerSec: number;
  /** In this order. */
  faults: readonly HubFault[];
  random: () => number;
  say?: (text: string) => void;
}

export interface HubChaosReport extends Comparison {
  commands: CommandReport;
  /** Commands that were sent more than once, by the audit. */
  sentTwice: string[];
  /** Sessions whose epoch was not above the one before. */
  epochsBack: string[];
  /** Devices that were said to be offline, and had not been away for as long as that takes. */
  falselyOffline: string[];
  /** Devices whose retained state is not what their row says, or which are not `online` at the end. */
  untruePresence: string[];
  /** Devices and open commands that belong to a hub that has ended, or to two. */
  orphans: string[];
  /** How often hubs were started. */
  starts: number;
  /** Why hubs ended by themselves. */
  ends: string[];
}

function reasonOf({ err, msg }: LogLine): string {
  const { message } = (err ?? {}) as { message?: unknown };
  return typeof message === 'string' ? message : String(msg);
}

/** When devices had no session, by their own account. */
class Absences {
  readonly #of = new Map<string, { fromMs: number; toMs: number }[]>();

  left(device: string): void {
    const known = this.#of.get(device) ?? [];
    if (known.at(-1)?.toMs !== Infinity) known.push({ fromMs: Date.now(), toMs: Infinity });
    this.#of.set(device, known);
  }

  back(device: string): void {
    const last = this.#of.get(device)?.at(-1);
    if (last !== undefined) last.toMs = Math.min(last.toMs, Date.now());
  }

  /** Whether it had been away then for as long as a device may before it is said to be offline. */
  explain(device: string, atMs: number): boolean {
    const known = this.#of.get(device) ?? [];
    return known.some(({ fromMs, toMs }) => atMs - fromMs >= awayMs && atMs <= toMs + sayMs);
  }
}

/** A heartbeat of 5 s and its grace, less what a clock that is read a little later makes of it, ms. */
const awayMs = 7_000;
/** From the change to its publication, ms. */
const sayMs = 500;

/** One of the hubs, started again whenever it ends, as a service manager does. */
class Member {
  readonly #folder = temporaryFolder('chaos-hub');
  readonly state: TcpProxy;
  readonly broker: TcpProxy;
  readonly #env: Readonly<Record<string, string>>;
  hub: HubProcess | undefined;
  starts = 0;
  /** Why it ended by itself, each time. */
  readonly ends: string[] = [];
  #ending = false;
  #running: Promise<void> = Promise.resolve();

  constructor(state: TcpProxy, broker: TcpProxy, env: Readonly<Record<string, string>>) {
    this.state = state;
    this.broker = broker;
    this.#env = env;
  }

  get dataDir(): string {
    return this.#folder.path;
  }

  get port(): number | undefined {
    return this.hub === undefined
      ? undefined
      : Number(new URL(this.hub.deviceUrl.replace('ws', 'http')).port);
  }

  start(): Promise<void> {
    const first = Promise.withResolvers<void>();
    this.#running = this.#run(() => first.resolve());
    return first.promise;
  }

  async #run(started: () => void): Promise<void> {
    while (!this.#ending) {
      this.starts += 1;
      try {
        const hub = await spawnHub({ dataDir: this.#folder.path, env: this.#env });
        if (this.#ending) await hub.close();
        else this.hub = hub;
        started();
        await hub.exited;
        this.ends.push(...hub.lines.filter(({ level }) => level === 60).map(reasonOf));
      } catch {
        // It could not start, because what it needs is away.
        await letPass(500);
      }
      this.hub = undefined;
    }
  }

  async close(): Promise<void> {
    this.#ending = true;
    await this.hub?.close();
    await this.#running;
    await Promise.all([this.state.close(), this.broker.close()]);
    this.#folder.remove();
  }
}

interface Scene {
  postgres: PostgresServer;
  broker: MosquittoBroker;
  influx: InfluxServer;
  members: Member[];
  balancer: Balancer;
  fleet: LedgerFleet;
  random: () => number;
}

const root = 'hub/v1';

/**
 * Hubs that are one serve devices and commands while everything befalls them that may. What devices were acked for must be in the
 * store, each command must end as its device says and be sent once, epochs must rise, and presence must be true.
 * @throws AssertionError when a command's status is untrue
 */
export async function hubChaos(options: HubChaosOptions): Promise<HubChaosReport> {
  const { random, say = () => undefined } = options;
  const [postgres, broker, influx] = await Promise.all([startPostgres(), startMosquitto(), startInflux()]);
  const members: Member[] = [];
  for (let n = 0; n < options.hubs; n += 1) {
    const state = await startTcpProxy({ port: postgres.port });
    const bus = await startTcpProxy({ port: broker.port });
    members.push(
      new Member(state, bus, {
        HUB_TLS: 'off',
        HUB_INFLUX_URL: influx.url,
        HUB_MQTT_URL: `mqtt://127.0.0.1:${bus.port}`,
        HUB_STATE_URL: `postgres://127.0.0.1:${state.port}/hub`,
        HUB_STATE_USERNAME: postgres.username,
        HUB_ACK_DELAY_MS: '50',
      }),
    );
  }
  const balancer = await startBalancer(() => shuffled(members, random).flatMap(({ port }) => port ?? []));
  await Promise.all(members.map((member) => member.start()));
  const first = members[0]?.hub;
  if (first === undefined) throw new Error('no hub was started');
  const credentials = await addDevices(first, options.devices);
  const fleet = new LedgerFleet({
    url: `ws://127.0.0.1:${balancer.port}/v1/device`,
    credentials,
    perSec: options.perSec,
    heartbeatSec: 5,
    memory: () => new RamMemory(),
  });
  const presence = await mosquittoSub([
    '-p',
    String(broker.port),
    '-q',
    '1',
    '-t',
    `${root}/presence-change/+/+`,
    '-c',
    '-i',
    'judge',
  ]);
  const commander = await connectAsync(broker.url, { protocolVersion: 5, reconnectPeriod: 200 });
  const record = new CommandRecord();
  const epochsBack: string[] = [];
  const absences = new Absences();
  for (const [id, client] of fleet.clients) {
    record.follow(client, id, ['identify'], async () => {
      await letPass(random() * 300);
      return { status: random() < 0.1 ? 'failed' : 'succeeded' };
    });
    let last = 0;
    client.on('close', () => absences.left(id));
    client.on('welcome', ({ epoch }) => {
      absences.back(id);
      if (epoch <= last) epochsBack.push(`${id}: ${epoch} after ${last}`);
      last = epoch;
    });
  }
  let commands = 0;
  const sending = setInterval(() => {
    const device = credentials[Math.floor(random() * credentials.length)]?.id ?? '';
    const member = members[Math.floor(random() * members.length)];
    const body = { id: `c-${(commands += 1)}`, ttlMs: 8_000 };
    record.requested(device, body.id);
    if (random() < 0.5) {
      const topic = `${root}/command/${device}/identify`;
      commander.publishAsync(topic, JSON.stringify(body), { qos: 1 }).then(
        () => record.promised(device, body.id),
        () => undefined,
      );
    } else if (member?.hub !== undefined) void record.post(member.dataDir, device, 'identify', body);
  }, 1_000 / options.commandsPerSec);
  const scene: Scene = { postgres, broker, influx, members, balancer, fleet, random };
  try {
    fleet.connect();
    fleet.start();
    for (const [round, fault] of options.faults.entries()) {
      await waitFor(() => fleet.online > fleet.size * 0.9, {
        what: `devices online before ${fault}`,
        timeoutMs: 60_000,
      });
      await letPass(500 + random() * 1_500);
      say(`round ${round + 1}: ${fault}, when ${fleet.acked} readings were acked`);
      await befall(fault, scene);
    }
    clearInterval(sending);
    await waitFor(() => members.every(({ hub }) => hub !== undefined), {
      what: 'all hubs',
      timeoutMs: 60_000,
    });
    await waitFor(() => fleet.online === fleet.size, { what: 'all devices online', timeoutMs: 60_000 });
    fleet.stop();
    await waitFor(() => fleet.unsettled === 0, {
      what: 'everything settled',
      timeoutMs: 60_000,
      everyMs: 100,
    });
    const report = await record.compare(members[0]?.dataDir ?? '', 60_000);
    // Of a hub that was killed, what is in its spool.
    const comparison = await waitFor(
      async () => {
        const now = await fleet.compare(influx.url);
        return now.missing.length === 0 && now;
      },
      { what: 'every acked reading in the store', timeoutMs: 30_000, everyMs: 1_000 },
    ).catch(() => fleet.compare(influx.url));
    const untruePresence = await untrue(scene);
    return {
      ...comparison,
      commands: report,
      sentTwice: lines(
        postgres.sql(`SELECT subject FROM audit WHERE outcome = 'sent' GROUP BY subject HAVING count(*) > 1`),
      ),
      epochsBack,
      falselyOffline: presence.messages.flatMap(({ topic, payload }) => {
        const [device = '', state] = topic.split('/').slice(-2);
        const { since } = JSON.parse(payload) as { since: number };
        return state === 'offline' && !absences.explain(device, since) ? [`${device}: ${payload}`] : [];
      }),
      untruePresence,
      orphans: orphansOf(postgres),
      starts: members.reduce((sum, { starts }) => sum + starts, 0),
      ends: members.flatMap(({ ends }) => ends),
    };
  } catch (error) {
    for (const { hub } of members) say(hub?.output().slice(-4_000) ?? 'a hub that does not run');
    throw error;
  } finally {
    clearInterval(sending);
    await fleet.close();
    await presence.close();
    await commander.endAsync(true);
    await balancer.close();
    await Promise.all(members.map((member) => member.close()));
    await Promise.all([postgres.close(), broker.close(), influx.close()]);
  }
}

async function befall(
  fault: HubFault,
  { members, postgres, broker, balancer, random }: Scene,
): Promise<void> {
  const running = members.filter(({ hub: process }) => process !== undefined);
  const victim = running[Math.floor(random() * running.length)];
  const hub = victim?.hub;
  if (victim === undefined || hub === undefined) throw new Error('no hub runs');
  switch (fault) {
    case 'kill':
      await hub.kill('SIGKILL');
      return;
    case 'restart':
      await hub.kill('SIGTERM');
      return;
    case 'freeze-short':
    case 'freeze-long':
      hub.pause();
      await letPass(fault === 'freeze-short' ? 3_000 : 8_000);
      hub.resume();
      return;
    case 'cut-state':
    case 'cut-broker':
    case 'cut-both': {
      const cut = [
        ...(fault === 'cut-broker' ? [] : [victim.state]),
        ...(fault === 'cut-state' ? [] : [victim.broker]),
      ];
      const silently = random() < 0.5;
      for (const proxy of cut) {
        if (silently) proxy.stall();
        else {
          await proxy.refuse();
          proxy.cut();
        }
      }
      await letPass(2_000 + random() * 8_000);
      for (const proxy of cut) await proxy.resume();
      return;
    }
    case 'links':
      balancer.cut();
      return;
    case 'hammer':
      for (let times = 0; times < 15; times += 1) {
        balancer.cut();
        await letPass(200);
      }
      return;
    case 'postgres':
      await (random() < 0.5 ? postgres.kill() : postgres.stop());
      await letPass(random() * 6_000);
      await postgres.restart();
      return;
    case 'broker':
      await broker.stop();
      await letPass(random() * 4_000);
      await broker.restart();
  }
}

/** Retained states that are not what the rows say; waits until there are none, and gives those that stay. */
async function untrue({ postgres, broker, fleet }: Scene): Promise<string[]> {
  let left: string[] = [];
  const look = async (): Promise<boolean> => {
    const retained = await mosquittoSub(['-p', String(broker.port), '-q', '1', '-t', `${root}/presence/+`]);
    await waitFor(() => retained.messages.length >= fleet.size, {
      what: 'the retained states',
      timeoutMs: 2_000,
    }).catch(() => undefined);
    await retained.close();
    const said = new Map(
      retained.messages.map(({ topic, payload }) => {
        const { state, epoch, n } = JSON.parse(payload) as { state: string; epoch: number; n: number };
        return [topic.split('/').at(-1) ?? '', `${state} ${epoch} ${n}`];
      }),
    );
    const rows = lines(
      postgres.sql(
        `SELECT device_id || '|' || state || ' ' || epoch || ' ' || n FROM device_state ORDER BY 1`,
      ),
    );
    left = rows.flatMap((row) => {
      const [device = '', truth = ''] = row.split('|');
      const isTrue = said.get(device) === truth && truth.startsWith('online');
      return isTrue ? [] : [`${device}: ${truth}, retained ${said.get(device) ?? 'nothing'}`];
    });
    return left.length === 0;
  };
  await waitFor(look, { what: 'true presence', timeoutMs: 30_000, everyMs: 1_000 }).catch(() => undefined);
  return left;
}

function orphansOf(postgres: PostgresServer): string[] {
  const dead = (alias: string): string =>
    `NOT EXISTS (SELECT 1 FROM hub h WHERE h.id = ${alias}.hub AND h.inc = ${alias}.inc AND h.state = 'up')`;
  return lines(
    postgres.sql(
      `SELECT 'device ' || s.device_id FROM device_state s WHERE s.hub IS NOT NULL AND ${dead('s')}
       UNION ALL SELECT 'command ' || c.device || '/' || c.id FROM command c JOIN device_state s ON s.device_id = c.device
        WHERE (NOT c.final OR c.owed) AND (c.hub, c.inc) IS DISTINCT FROM (s.hub, s.inc)`,
    ),
  );
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}

export function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, order: random() }))
    .toSorted((a, b) => a.order - b.order)
    .map(({ item }) => item);
}
