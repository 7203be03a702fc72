/** Limits before anybody has proved who it is: how many sockets an address may hold, and how long one may dally. */

import type { Server, Socket } from 'node:net';
import { networkOf } from './client-address.ts';

export interface SocketLimits {
  /** Open sockets of one network (IPv4 address, IPv6 /64), known and unknown together. */
  maxPerAddress: number;
  /** Sockets of which nobody knows yet whose they are: of one network … */
  maxPendingPerAddress: number;
  /** … and in all. */
  maxPending: number;
  /** From the first packet to the proof, TLS handshake and header included, ms. */
  pendingMs: number;
  /** The limits per address do not hold for these. */
  isTrusted: (address: string) => boolean;
  /** A connection was cut because its network holds `maxPerAddress` of them. */
  cut?: ((network: string) => void) | undefined;
}

/** Sockets ended before any answer could be given, by cause. */
export interface DropCounters {
  perAddress: number;
  pending: number;
  slow: number;
  /** No TLS came of it, or not in time. */
  handshake: number;
}

interface Held {
  sockets: number;
  /** In order of arrival. */
  pending: Set<string>;
}

export interface SocketLimiter {
  drops: DropCounters;
  /** Whose this socket is, is known now. */
  proved: (socket: Socket) => void;
  close: () => void;
}

/**
 * Watches the raw connections of `server`. Where there are too many, the oldest that has proved nothing is cut, not
 * the one that comes: whoever proves immediately who it is gets in, however many sockets somebody else holds and leaves.
 */
export function limitSockets(server: Server, limits: SocketLimits): SocketLimiter {
  const drops: DropCounters = { perAddress: 0, pending: 0, slow: 0, handshake: 0 };
  const held = new Map<string, Held>();
  /** In order of arrival, so that a sweep stops at the first that still has time. */
  const pending = new Map<string, { socket: Socket; counts: Held; since: number }>();

  function settle(name: string): void {
    const entry = pending.get(name);
    if (entry === undefined) return;
    pending.delete(name);
    entry.counts.pending.delete(name);
  }

  /** False: all of them have proved who they are. */
  function cutOldest(counts: Held, cause: 'perAddress' | 'pending'): boolean {
    const [oldest] = counts.pending;
    const entry = oldest === undefined ? undefined : pending.get(oldest);
    if (oldest === undefined || entry === undefined) return false;
    settle(oldest);
    drops[cause] += 1;
    entry.socket.destroy();
    return true;
  }

  function withMost(): Held {
    return [...held.values()].reduce((most, counts) =>
      counts.pending.size > most.pending.size ? counts : most,
    );
  }

  server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? '';
    const network = networkOf(address.replace(/^::ffff:/i, ''));
    const counts = held.get(network) ?? { sockets: 0, pending: new Set<string>() };
    const trusted = limits.isTrusted(address);
    if (!trusted && counts.sockets >= limits.maxPerAddress) {
      limits.cut?.(network);
      if (!cutOldest(counts, 'perAddress')) {
        drops.perAddress += 1;
        socket.destroy();
        return;
      }
    }
    if (!trusted && counts.pending.size >= limits.maxPendingPerAddress) cutOldest(counts, 'pending');
    else if (pending.size >= limits.maxPending) cutOldest(withMost(), 'pending');
    const name = nameOf(socket);
    counts.sockets += 1;
    counts.pending.add(name);
    held.set(network, counts);
    pending.set(name, { socket, counts, since: performance.now() });
    socket.once('close', () => {
      settle(name);
      counts.sockets -= 1;
      if (counts.sockets === 0) held.delete(network);
    });
  });

  server.on('tlsClientError', (_error: Error, socket: Socket) => {
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
  // A server that could not listen is never closed.
  sweep.unref();
  return {
    drops,
    proved: (socket) => settle(nameOf(socket)),
    close: () => clearInterval(sweep),
  };
}

/** The same for a connection and for the TLS socket on top of it; no two open ones share it. */
function nameOf(socket: Socket): string {
  return `${socket.remoteAddress ?? ''} ${socket.remotePort ?? 0}`;
}
