/** Limits before authentication: how many sockets an address may hold, and how long one may dally. */

import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { networkOf } from '../client-address.ts';

export interface SocketLimits {
  /** Open sockets of one network (IPv4 address, IPv6 /64), devices and strangers together. */
  maxPerAddress: number;
  /** Sockets whose upgrade is not done, of one network … */
  maxPendingPerAddress: number;
  /** … and in all. */
  maxPending: number;
  /** From the first packet to the upgrade, TLS handshake and header included, ms. */
  pendingMs: number;
  /** The limits per address do not hold for these. */
  isTrusted: (address: string) => boolean;
}

/** Sockets ended before any HTTP answer could be given, by cause. */
export interface DropCounters {
  perAddress: number;
  pending: number;
  slow: number;
  /** No TLS came of it, or not in time. */
  handshake: number;
}

interface Held {
  sockets: number;
  pending: number;
}

/**
 * Watches the raw connections of `server`: those beyond a limit are cut before they cost a TLS handshake, and
 * those that are not upgraded in time too, whatever they were doing.
 */
export function limitSockets(
  server: Server,
  limits: SocketLimits,
): { drops: DropCounters; upgraded: (socket: Socket) => void; close: () => void } {
  const drops: DropCounters = { perAddress: 0, pending: 0, slow: 0, handshake: 0 };
  const held = new Map<string, Held>();
  /** In order of arrival, so that a sweep stops at the first that still has time. */
  const pending = new Map<string, { socket: Socket; network: string; since: number }>();

  function settle(name: string): void {
    const entry = pending.get(name);
    if (entry === undefined) return;
    pending.delete(name);
    const counts = held.get(entry.network);
    if (counts !== undefined) counts.pending -= 1;
  }

  server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? '';
    const network = networkOf(address.replace(/^::ffff:/i, ''));
    const counts = held.get(network) ?? { sockets: 0, pending: 0 };
    const trusted = limits.isTrusted(address);
    if (!trusted && counts.sockets >= limits.maxPerAddress) {
      drops.perAddress += 1;
      socket.destroy();
      return;
    }
    if (pending.size >= limits.maxPending || (!trusted && counts.pending >= limits.maxPendingPerAddress)) {
      drops.pending += 1;
      socket.destroy();
      return;
    }
    const name = nameOf(socket);
    counts.sockets += 1;
    counts.pending += 1;
    held.set(network, counts);
    pending.set(name, { socket, network, since: performance.now() });
    socket.once('close', () => {
      settle(name);
      counts.sockets -= 1;
      if (counts.sockets === 0) held.delete(network);
    });
  });

  server.on('tlsClientError', (_error, socket: Socket) => {
    drops.handshake += 1;
    socket.destroy();
  });

  const sweep = setInterval(
    () => {
      const overdue = performance.now() - limits.pendingMs;
      for (const { socket, since } of pending.values()) {
        if (since > overdue) return;
        drops.slow += 1;
        socket.destroy();
      }
    },
    Math.min(1_000, limits.pendingMs),
  );
  return {
    drops,
    upgraded: (socket) => settle(nameOf(socket)),
    close: () => clearInterval(sweep),
  };
}

/** The same for a connection and for the TLS socket on top of it; no two open ones share it. */
function nameOf(socket: Socket): string {
  return `${socket.remoteAddress ?? ''} ${socket.remotePort ?? 0}`;
}
