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
 *
 * The listeners that serve a connection (those of `server` at this moment, Node's own for TLS and HTTP among them) see only
 * sockets that are let in: a TLS state costs several times the accept.
 */
export function limitSockets(server: Server, limits: SocketLimits): SocketLimiter {
  const sockets = new LimitedSockets(limits);
  const serve = server.listeners('connection') as ((socket: Socket) => void)[];
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    if (!sockets.admits(socket)) return;
    for (const listener of serve) listener.call(server, socket);
  });
  server.on('tlsClientError', (_error: Error, socket: Socket) => {
    sockets.drops.handshake += 1;
    socket.destroy();
  });
  const sweep = setInterval(() => sockets.cutSlow(), Math.min(1_000, limits.pendingMs));
  // A server that could not listen is never closed.
  sweep.unref();
  return {
    drops: sockets.drops,
    proved: (socket) => sockets.settle(nameOf(socket)),
    close: () => clearInterval(sweep),
  };
}

/** Open sockets by network, and those of which nobody knows yet whose they are. */
class LimitedSockets {
  readonly drops: DropCounters = { perAddress: 0, pending: 0, slow: 0, handshake: 0 };
  readonly #limits: SocketLimits;
  readonly #held = new Map<string, Held>();
  /** In order of arrival, so that a sweep stops at the first that still has time. */
  readonly #pending = new Map<string, { socket: Socket; counts: Held; since: number }>();

  constructor(limits: SocketLimits) {
    this.#limits = limits;
  }

  /** False: it is cut, since its address holds too many that have proved who they are. */
  admits(socket: Socket): boolean {
    const limits = this.#limits;
    const address = socket.remoteAddress ?? '';
    const network = networkOf(address.replace(/^::ffff:/i, ''));
    const counts = this.#held.get(network) ?? { sockets: 0, pending: new Set<string>() };
    const trusted = limits.isTrusted(address);
    if (!trusted && counts.sockets >= limits.maxPerAddress) {
      limits.cut?.(network);
      if (!this.#cutOldest(counts, 'perAddress')) {
        this.drops.perAddress += 1;
        socket.destroy();
        return false;
      }
    }
    if (!trusted && counts.pending.size >= limits.maxPendingPerAddress) this.#cutOldest(counts, 'pending');
    else if (this.#pending.size >= limits.maxPending) this.#cutOldest(this.#withMost(), 'pending');
    this.#hold(socket, network, counts);
    return true;
  }

  /** Whose the socket of this name is, is known, or it is gone. */
  settle(name: string): void {
    const entry = this.#pending.get(name);
    if (entry === undefined) return;
    this.#pending.delete(name);
    entry.counts.pending.delete(name);
  }

  cutSlow(): void {
    const overdue = performance.now() - this.#limits.pendingMs;
    for (const { socket, since } of this.#pending.values()) {
      if (since > overdue) return;
      this.drops.slow += 1;
      socket.destroy();
    }
  }

  #hold(socket: Socket, network: string, counts: Held): void {
    const name = nameOf(socket);
    counts.sockets += 1;
    counts.pending.add(name);
    this.#held.set(network, counts);
    this.#pending.set(name, { socket, counts, since: performance.now() });
    socket.once('close', () => {
      this.settle(name);
      counts.sockets -= 1;
      if (counts.sockets === 0) this.#held.delete(network);
    });
  }

  /** False: all of them have proved who they are. */
  #cutOldest(counts: Held, cause: 'perAddress' | 'pending'): boolean {
    const [oldest] = counts.pending;
    const entry = oldest === undefined ? undefined : this.#pending.get(oldest);
    if (oldest === undefined || entry === undefined) return false;
    this.settle(oldest);
    this.drops[cause] += 1;
    entry.socket.destroy();
    return true;
  }

  #withMost(): Held {
    return [...this.#held.values()].reduce((most, counts) =>
      counts.pending.size > most.pending.size ? counts : most,
    );
  }
}

/** The same for a connection and for the TLS socket on top of it; no two open ones share it. */
function nameOf(socket: Socket): string {
  return `${socket.remoteAddress ?? ''} ${socket.remotePort ?? 0}`;
}
