import { connectAsync } from 'mqtt';
import { RamMemory } from '../../../../sdk/typescript/src/node.ts';
import { startBalancer } from '../../cluster/balancer.ts';
import { letPass } from '../../let-pass.ts';
import { startInflux } from '../../services/influxd.ts';
import { startMosquitto } from '../../services/mosquitto.ts';
import { startPostgres } from '../../services/postgres.ts';
import { waitFor } from '../../wait-for.ts';
import { CommandRecord, type CommandReport } from '../command-record.ts';
import { addDevices, LedgerFleet, type Credential } from '../ledger-fleet.ts';
import type { Comparison } from '../readings-verdict.ts';
import { befall, type HubFault } from './befall.ts';
import { HubLogger } from './hub-log.ts';
import { HubMember } from './hub-member.ts';
import { judgeHubs, type HubFaults } from './hub-verdict.ts';
import { Outcasts } from './outcasts.ts';
import { WorkOnce } from './work-once.ts';

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
  /** Hubs begin as this one; not given: as that of this checkout. */
  entry?: string;
  /** How long PostgreSQL or the broker is away for all, ms. Default 20,000. */
  awayMs?: number;
  /** Where readings wait that InfluxDB does not take (HUB_SPOOL). Default `local`. */
  spool?: 'local' | 'state';
}

export interface HubChaosReport extends Comparison {
  commands: CommandReport;
  /** Readings that were refused for good. */
  refused: number;
  /** Changes to `offline`, whether they are true or not. */
  offline: number;
  /** Of each fault, the sessions that ended while it lasted. */
  lost: { fault: HubFault; sessions: number }[];
  /** What breaks a promise, by its judge. */
  faults: HubFaults;
  /** How often hubs were started. */
  starts: number;
  /** Why hubs ended by themselves. */
  ends: string[];
}

const root = 'hub/v1';
const site = 'lab';
const heartbeatSec = 5;
/**
 * When nothing befalls hubs any more they end the sessions of a revoked credential so soon, ms: one that was declared dead hears of it
 * first, and lets its devices settle what they have sent.
 */
const outMs = 10_000;
/**
 * What is dead is called offline so soon, whatever befalls hubs, ms: its hub dies before it has found that, and is found dead; then
 * come hold, the longest wait of devices, heartbeat and grace, and outages, in which that time stands still.
 */
const deadMs = 7_500 + 6_000 + 60_000 + 30_000 + 7_500 + 30_000;
/** A device that has tried in vain again and again waits a minute at most, ms; then it opens a session. */
const comebackMs = 90_000;
/** Fewer than an incident takes, because they stay away. */
const outcastsOfSite = 8;

/**
 * Hubs that are one serve devices and commands while everything befalls them that may. What devices were acked for must be in the
 * store, each command must end as its device says and be sent once, epochs must rise, and presence must be true; what is done once
 * is done once, and a hub that may not act does nothing.
 * @throws AssertionError when a command's status is untrue
 */
export async function hubChaos(options: HubChaosOptions): Promise<HubChaosReport> {
  const { random, say = () => undefined, entry, awayMs = 20_000, spool = 'local' } = options;
  const [postgres, broker, influx] = await Promise.all([startPostgres(), startMosquitto(), startInflux()]);
  const env = {
    HUB_TLS: 'off',
    HUB_INFLUX_URL: influx.url,
    HUB_ACK_DELAY_MS: '50',
    ...(spool === 'state' && { HUB_SPOOL: spool }),
  };
  const members = await Promise.all(
    Array.from({ length: options.hubs }, (_, n) => HubMember.make(`hub ${n + 1}`, { postgres, broker }, env)),
  );
  for (const member of members) member.entry = entry;
  const choose = (): number[] => shuffled(members, random).flatMap(({ port }) => port ?? []);
  const watch = (port: number, bytes: Buffer): void =>
    members.find((member) => member.port === port)?.fence.frames(bytes);
  const balancer = await startBalancer(choose, watch);
  let connections = 0;
  // They have nothing in common by which hubs would call them lost together.
  const from = (): string => `127.0.1.${((connections += 1) % 254) + 1}`;
  const further = await startBalancer(choose, undefined, from);
  await Promise.all(members.map((member) => member.start()));
  const first = members[0]?.hub;
  if (first === undefined) throw new Error('no hub was started');
  const credentials = await addDevices(first, options.devices, 'd-', site);
  // One for each round; where a site is cut, two more.
  const cuts = options.faults.filter((fault) => fault.startsWith('site')).length;
  const lost: Credential[] = [];
  for (let left = options.faults.length + 1 + 2 * cuts; left > 0; left -= outcastsOfSite) {
    const far = `far-${lost.length / outcastsOfSite}`;
    lost.push(...(await addDevices(first, Math.min(left, outcastsOfSite), `x-${far}-`, far)));
  }
  const fleet = new LedgerFleet({
    url: `ws://127.0.0.1:${balancer.port}/v1/device`,
    credentials,
    perSec: options.perSec,
    heartbeatSec,
    memory: () => new RamMemory(),
  });
  const logger = await HubLogger.start(broker);
  const outcasts = await Outcasts.start(further.port, lost, { logger, heartbeatSec });
  const commander = await connectAsync(broker.url, { protocolVersion: 5, reconnectPeriod: 200 });
  const record = new CommandRecord();
  const ids = credentials.map(({ id }) => id);
  const work = new WorkOnce(record, ids, `site=${site}`);
  for (const [id, client] of fleet.clients) {
    record.follow(client, id, ['identify'], async (device, call) => {
      work.begun(device, call.id);
      await letPass(random() * 300);
      return { status: random() < 0.1 ? 'failed' : 'succeeded' };
    });
    logger.follow(id, client);
    work.follow(id, client);
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
  const scene = {
    postgres,
    broker,
    influx,
    members,
    balancer,
    fleet,
    site,
    outcasts,
    logger,
    random,
    awayMs,
  };
  const sessions: HubChaosReport['lost'] = [];
  try {
    fleet.connect();
    fleet.start();
    for (const [round, fault] of options.faults.entries()) {
      await waitFor(() => fleet.online > fleet.size * 0.9, {
        what: `devices online before ${fault}`,
        timeoutMs: comebackMs,
      });
      await letPass(500 + random() * 1_500);
      say(`round ${round + 1}: ${fault}, when ${fleet.acked} readings were acked`);
      const fromMs = Date.now();
      const asked = members[Math.floor(random() * members.length)];
      if (asked !== undefined) await work.ask(round, asked);
      const revoked = outcasts.revoke(members);
      await befall(fault, scene);
      const overMs = Date.now();
      (await revoked)((atMs) => Math.max(atMs, overMs) + outMs);
      if (round === 0) outcasts.die(deadMs);
      sessions.push({ fault, sessions: logger.lostSince(fromMs, ids) });
    }
    clearInterval(sending);
    await waitFor(() => members.every(({ hub }) => hub !== undefined), {
      what: 'all hubs',
      timeoutMs: 120_000,
    });
    await waitFor(() => fleet.online === fleet.size, { what: 'all devices online', timeoutMs: comebackMs });
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
    const devices = fleet.size + lost.length;
    const log = await logger.read({ postgres, broker, devices, members, outcasts, work });
    return {
      ...comparison,
      commands: report,
      refused: fleet.refused,
      offline: log.changes.filter(({ device, state }) => ids.includes(device) && state === 'offline').length,
      lost: sessions,
      faults: judgeHubs(log),
      starts: members.reduce((sum, { starts }) => sum + starts, 0),
      ends: members.flatMap(({ ends }) => ends),
    };
  } catch (error) {
    for (const { hub } of members) say(hub?.output().slice(-4_000) ?? 'a hub that does not run');
    throw error;
  } finally {
    clearInterval(sending);
    await fleet.close();
    await logger.close();
    await commander.endAsync(true);
    await outcasts.close();
    await Promise.all([balancer.close(), further.close()]);
    await Promise.all(members.map((member) => member.close()));
    await Promise.all([postgres.close(), broker.close(), influx.close()]);
  }
}

export function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, order: random() }))
    .toSorted((a, b) => a.order - b.order)
    .map(({ item }) => item);
}
