import { join } from 'node:path';
import { adminClient } from '../../../../hub/cli/admin-client.ts';
import { makeDevice, RamMemory, type Device } from '../../../../sdk/typescript/src/node.ts';
import { startTcpProxy, type TcpProxy } from '../../services/tcp-proxy.ts';
import { waitFor } from '../../wait-for.ts';
import type { Credential } from '../ledger-fleet.ts';
import type { HubLogger } from './hub-log.ts';
import type { HubMember } from './hub-member.ts';
import type { Gone } from './hub-verdict.ts';

interface Outcast {
  id: string;
  client: Device;
  link: TcpProxy;
}

/** Devices beside the fleet that die, or lose their credential. */
export class Outcasts {
  readonly gone: Gone[] = [];
  readonly #all: Outcast[] = [];
  readonly #here: Outcast[] = [];
  readonly #logger: HubLogger;
  readonly #heartbeatMs: number;

  private constructor(logger: HubLogger, heartbeatSec: number) {
    this.#logger = logger;
    this.#heartbeatMs = heartbeatSec * 1_000;
  }

  /** @param port where they connect */
  static async start(
    port: number,
    credentials: readonly Credential[],
    { logger, heartbeatSec }: { logger: HubLogger; heartbeatSec: number },
  ): Promise<Outcasts> {
    const outcasts = new Outcasts(logger, heartbeatSec);
    for (const { id, secret } of credentials) {
      const link = await startTcpProxy({ port });
      const url = `ws://127.0.0.1:${link.port}/v1/device`;
      const client = makeDevice({
        url,
        id,
        secret,
        type: 'env-sensor@1',
        heartbeatSec,
        backoffFirstMs: 200,
        memory: new RamMemory(),
      });
      logger.follow(id, client);
      client.wake();
      outcasts.#all.push({ id, client, link });
    }
    outcasts.#here.push(...outcasts.#all);
    return outcasts;
  }

  /** Those that should be connected are. */
  get areOnline(): boolean {
    return this.#here.every(({ client }) => client.isOpen);
  }

  /** One dies: nothing of it is heard any more, and nobody closes its connection. @param withinMs hubs call it offline so soon @returns which */
  die(withinMs: number): string {
    const { id: device, link } = this.#take();
    const atMs = Date.now();
    link.stall();
    // It says nothing in between.
    this.#logger.lost(device, atMs - this.#heartbeatMs);
    this.gone.push({ device, why: 'dead', atMs, byMs: atMs + withinMs });
    return device;
  }

  /** One loses its credential, by whichever hub answers. @returns to say by when its session has to be over, Unix ms */
  async revoke(members: readonly HubMember[]): Promise<(byMs: (atMs: number) => number) => void> {
    const { id: device } = this.#take();
    const isRevoked = async (): Promise<boolean> => {
      for (const { hub, dataDir } of members) {
        if (hub === undefined) continue;
        try {
          const admin = adminClient(join(dataDir, 'hub.sock'));
          for (const { id } of await admin.listCredentials(device)) await admin.revokeCredential(device, id);
          return true;
        } catch {
          // Another one, or later.
        }
      }
      return false;
    };
    await waitFor(isRevoked, { what: `${device} without a credential`, timeoutMs: 60_000, everyMs: 200 });
    const atMs = Date.now();
    return (byMs) => void this.gone.push({ device, why: 'revoked', atMs, byMs: byMs(atMs) });
  }

  #take(): Outcast {
    const next = this.#here.shift();
    if (next === undefined) throw new Error('there are too few outcasts');
    return next;
  }

  async close(): Promise<void> {
    await Promise.all(
      this.#all.map(async ({ client, link }) => {
        await link.close();
        await client.close();
      }),
    );
  }
}
