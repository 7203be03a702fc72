import type { Balancer } from '../../cluster/balancer.ts';
import { letPass } from '../../let-pass.ts';
import type { MosquittoBroker } from '../../services/mosquitto.ts';
import type { OwnServer } from '../../services/own-server.ts';
import type { PostgresServer } from '../../services/postgres.ts';
import { waitFor } from '../../wait-for.ts';
import type { HubLogger } from './hub-log.ts';
import type { HubMember } from './hub-member.ts';
import type { Outcasts } from './outcasts.ts';

/**
 * What may befall hubs that are one. `site`: all its devices are cut off until there is an incident; `influx`: InfluxDB does not answer;
 * `-and-kill`: and a hub dies meanwhile.
 */
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
  'site',
  'site-and-kill',
  'influx-and-kill',
] as const;

/**
 * What its operator does to all hubs, and outages for all. `roll`: each is started again, one after the other; `upgrade`: as the
 * version of this checkout.
 */
const drills = ['roll', 'upgrade', 'postgres-away', 'broker-away'] as const;
export type HubFault = (typeof hubFaults)[number] | (typeof drills)[number];

interface Scene {
  postgres: PostgresServer;
  broker: MosquittoBroker;
  influx: Pick<OwnServer, 'pause' | 'resume'>;
  members: readonly HubMember[];
  balancer: Balancer;
  /** All of it is at this site. */
  fleet: { readonly online: number; readonly size: number; connect(): void };
  site: string;
  outcasts: Outcasts;
  logger: HubLogger;
  random: () => number;
  /** Of PostgreSQL or the broker, for all hubs. */
  awayMs: number;
}

/** What InfluxDB does not take is in the spool by then, ms. */
const spoolingMs = 3_000;

export async function befall(fault: HubFault, scene: Scene): Promise<void> {
  const { members, postgres, broker, influx, balancer, fleet, random, awayMs } = scene;
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
      victim.fence.thawed();
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
    case 'site':
      await cutSite(scene);
      return;
    case 'site-and-kill':
      await cutSite(scene, () => hub.kill('SIGKILL'));
      return;
    case 'influx-and-kill':
      influx.pause();
      await letPass(spoolingMs);
      await hub.kill('SIGKILL');
      await letPass(random() * 4_000);
      influx.resume();
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
    case 'roll':
    case 'upgrade':
      for (const member of members) {
        if (fault === 'upgrade') member.entry = undefined;
        await member.restart();
        await waitFor(() => fleet.online === fleet.size, { what: 'all devices online', timeoutMs: 60_000 });
      }
      return;
    case 'postgres-away':
      await postgres.stop();
      await letPass(awayMs);
      await postgres.restart();
      return;
    case 'broker-away':
      await broker.stop();
      await letPass(awayMs);
      await broker.restart();
      return;
    case 'broker':
      await broker.stop();
      await letPass(random() * 4_000);
      await broker.restart();
  }
}

/** A heartbeat of 5 s, its grace, and what a busy machine makes of it, ms. */
const calledOfflineMs = 10_000;
/** A second by the promise, and another that the end of a session may take to be seen, ms. */
const revokedMs = 2_000;

/** @param meanwhile while the incident is open */
async function cutSite(
  { members, balancer, fleet, site, outcasts, logger }: Scene,
  meanwhile?: () => Promise<unknown>,
): Promise<void> {
  // An incident that is still open would go on instead of another one.
  const isCalm = (): boolean =>
    members.every(({ hub }) => hub !== undefined) &&
    fleet.online === fleet.size &&
    outcasts.areOnline &&
    !logger.isLossOpen;
  await waitFor(isCalm, { what: 'hubs that are there, with all devices, and no loss', timeoutMs: 120_000 });
  const dead = outcasts.die(calledOfflineMs);
  const isOut = await outcasts.revoke(members);
  isOut((atMs) => atMs + revokedMs);
  const fromMs = Date.now();
  balancer.isOpen = false;
  balancer.cut();
  const isOpen = (): boolean =>
    logger.incidents.some(({ scope, untilMs = Infinity }) => scope === `site=${site}` && untilMs >= fromMs);
  // The judge finds that there was none.
  await waitFor(isOpen, { what: 'an incident', timeoutMs: 30_000 }).catch(() => undefined);
  // Until then nothing else may befall the hubs, which would have to wait for it.
  const isTold = (): boolean =>
    logger.changes.some(({ device, state }) => device === dead && state === 'offline');
  await waitFor(isTold, { what: `${dead} offline`, timeoutMs: calledOfflineMs }).catch(() => undefined);
  await meanwhile?.();
  balancer.isOpen = true;
  logger.siteCuts.push({ site, fromMs, toMs: Date.now() });
  fleet.connect();
}
