import { createServer, connect, type Server, type Socket } from 'node:net';
import { freePort } from './free-port.ts';

export interface TcpProxy {
  readonly port: number;
  /** Connections open now. */
  readonly connections: number;
  /** What came in so far, both ways: bytes, and the pieces in which they came. */
  readonly traffic: Readonly<{ bytes: number; pieces: number }>;
  /** Destroys every connection (RST both ways); new ones are taken. */
  cut(): void;
  /** Forwards nothing either way and keeps the sockets open: a link that has silently died. */
  stall(): void;
  /** As `stall`, but the server's bytes still reach the client. */
  stallClientToServer(): void;
  /** As `stall`, but the client's bytes still reach the server. */
  stallServerToClient(): void;
  /** Each byte arrives `ms` later from now on, both ways. */
  delay(ms: number): void;
  /** Stops listening: new connections are refused, open ones live on. */
  refuse(): Promise<void>;
  /** Ends every stall and refusal; what was held back is forwarded. */
  resume(): Promise<void>;
  close(): Promise<void>;
}

type Direction = 'clientToServer' | 'serverToClient';

/** Sees what travels. @param connection the same object for all bytes of one */
export interface ProxyWatch {
  /** The client has sent this, whether it is forwarded or not. */
  sent?(bytes: Buffer, connection: object): void;
  /** The server has sent this, and it goes to the client now. */
  answered?(): void;
}

/** Held back by us before the sender feels it; the kernel's own buffers come on top. */
const heldBytesLimit = 262_144;

/** What all connections of one proxy share: which ways are stalled, and how late bytes arrive. */
class Valve {
  readonly stalled: Record<Direction, boolean> = { clientToServer: false, serverToClient: false };
  delayMs = 0;
  readonly traffic = { bytes: 0, pieces: 0 };
  readonly pipes = new Set<Pipe>();
  readonly watch: ProxyWatch;

  constructor(watch: ProxyWatch) {
    this.watch = watch;
  }

  set(clientToServer: boolean, serverToClient: boolean): void {
    this.stalled.clientToServer = clientToServer;
    this.stalled.serverToClient = serverToClient;
    for (const pipe of this.pipes) pipe.move();
  }
}

/** What travels: bytes, the end of the stream (FIN), or a reset (RST). */
type Item = Buffer | 'end' | 'reset';

/** One way of one connection: a bounded queue of items, each with the time it is due at the other end. */
class Pipe {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #direction: Direction;
  readonly #valve: Valve;
  readonly #queue: { item: Item; dueMs: number }[] = [];
  #heldBytes = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(from: Socket, to: Socket, direction: Direction, valve: Valve) {
    this.#from = from;
    this.#to = to;
    this.#direction = direction;
    this.#valve = valve;
    from.on('data', (chunk: Buffer) => this.#hold(chunk));
    from.on('end', () => this.#hold('end'));
    // Also a reset waits while this way is stalled: nothing tells the other end that the link has died.
    from.on('error', () => this.#hold('reset'));
    to.on('drain', () => this.move());
    to.on('close', () => this.#drop());
  }

  #hold(item: Item): void {
    this.#queue.push({ item, dueMs: performance.now() + this.#valve.delayMs });
    if (typeof item !== 'string') {
      this.#heldBytes += item.length;
      this.#valve.traffic.bytes += item.length;
      this.#valve.traffic.pieces += 1;
      if (this.#direction === 'clientToServer') this.#valve.watch.sent?.(item, this.#from);
    }
    if (this.#heldBytes > heldBytesLimit) this.#from.pause();
    this.move();
  }

  #drop(): void {
    clearTimeout(this.#timer);
    this.#queue.length = 0;
    this.#valve.pipes.delete(this);
  }

  /** Forwards what is due, unless this way is stalled or the receiver is slow. */
  move(): void {
    clearTimeout(this.#timer);
    while (!this.#valve.stalled[this.#direction] && !this.#to.writableNeedDrain) {
      const next = this.#queue[0];
      if (next === undefined) break;
      const waitMs = next.dueMs - performance.now();
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.move(), Math.ceil(waitMs));
        break;
      }
      this.#queue.shift();
      this.#deliver(next.item);
    }
    if (this.#heldBytes <= heldBytesLimit) this.#from.resume();
  }

  #deliver(item: Item): void {
    if (item === 'end') this.#to.end();
    else if (item === 'reset') reset(this.#to);
    else {
      this.#heldBytes -= item.length;
      if (this.#direction === 'serverToClient') this.#valve.watch.answered?.();
      this.#to.write(item);
    }
  }
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/**
 * A TCP proxy on 127.0.0.1 in front of `target`, for the faults a network makes. A connection that the target
 * refuses is reset towards the client.
 */
export async function startTcpProxy(
  target: { port: number; host?: string },
  watch: ProxyWatch = {},
): Promise<TcpProxy> {
  const valve = new Valve(watch);
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const upstream = connect({
      port: target.port,
      host: target.host ?? '127.0.0.1',
      allowHalfOpen: true,
      noDelay: true,
    });
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    }
    valve.pipes.add(new Pipe(client, upstream, 'clientToServer', valve));
    valve.pipes.add(new Pipe(upstream, client, 'serverToClient', valve));
  });
  const port = await freePort();
  await listen(server, port);
  const cut = (): void => {
    for (const socket of sockets) reset(socket);
  };
  const refuse = (): Promise<void> =>
    new Promise((resolve) => {
      // Node's `close` calls back only after the last connection; the listener itself is shut at once.
      if (server.listening) server.close();
      resolve();
    });
  return {
    port,
    get connections() {
      return sockets.size / 2;
    },
    traffic: valve.traffic,
    cut,
    stall: () => valve.set(true, true),
    stallClientToServer: () => valve.set(true, false),
    stallServerToClient: () => valve.set(false, true),
    delay(ms) {
      valve.delayMs = ms;
    },
    refuse,
    async resume() {
      if (!server.listening) await listen(server, port);
      valve.set(false, false);
    },
    async close() {
      cut();
      await refuse();
    },
  };
}

/**
 * RST, or a plain close while bytes or a FIN are still under way: Node 24 never completes a request that a reset
 * interrupts, and the process then spins at its end.
 */
function reset(socket: Socket): void {
  if (socket.connecting || socket.writableLength > 0 || socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
