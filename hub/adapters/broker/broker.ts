import { createHash } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import { Aedes, type Client, type PublishPacket } from 'aedes';
import { maxPacketBytes } from '../../../schemas/limits.ts';
import type { Bus, BusHandlers, IncomingMessage, OutgoingMessage } from '../../bus/bus.ts';
import { BrokerClients, type BrokerAccess } from './broker-access.ts';
import type { Topics } from '../../bus/topics.ts';
import { hubState, newBusCounters } from '../bus-state.ts';
import { formatAddress } from '../listen-address.ts';
import { limitSockets, type SocketLimiter } from '../socket-limits.ts';
import { listenTcp } from '../tcp-listen.ts';
import { connack, guardPackets } from './packet-guard.ts';
import { HubError, messageOf } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/log.ts';

export interface BrokerOptions {
  host: string;
  /** 0 takes a free one. */
  port: number;
  topics: Topics;
  hubId: string;
  /** New at each start of the hub. */
  incarnation: string;
  /** Topics outside the root on which clients may announce themselves; none by default. */
  announcements?: readonly string[];
  maxConnections?: number;
  /** Sockets of one address on which nobody has signed in yet. */
  maxPendingPerAddress?: number;
}

export interface Broker extends Bus {
  /** 0 until it listens. */
  readonly port: number;
  /**
   * Listens, and resolves when clients can connect. To be called once.
   * @throws HubError `address-in-use`, `config-invalid`
   */
  connect(handlers: BusHandlers, access: BrokerAccess): Promise<void>;
}

const maxPublishing = 10_000;
/** MQTT 3.1.1 §3.2.2.3. */
const notAuthorized = 5;
const maxRememberedIds = 1_000;
/** Sockets on which nobody has signed in yet, and the time that each has to sign in. */
const maxPending = 500;
const maxPendingPerAddress = 100;
const pendingMs = 10_000;
/** A subscriber that does not read for this long is disconnected: it would delay the others. */
const drainTimeoutMs = 5_000;

/**
 * The embedded MQTT 3.1.1 broker, for a hub that has no other. Clients are operators (devices have the device
 * listener). Within their rights they may publish below `command/`, `group-command/` and `cancel/` only. To bound
 * memory, each session ends with its connection, and the broker retains nothing that a client publishes.
 */
export function createBroker(deps: { log: Log }, options: BrokerOptions): Broker {
  return new EmbeddedBroker(deps, options);
}

/** Exists once the broker listens. */
interface Listening {
  aedes: Aedes;
  clients: BrokerClients;
  handlers: BusHandlers;
}

class EmbeddedBroker implements Broker {
  readonly kind = 'embedded';
  /** The broker hands each message to its clients immediately. */
  readonly queued = 0;
  /** No other hub can connect. */
  readonly otherHubs = [];
  readonly limitation = undefined;
  readonly counters = newBusCounters();
  connected = false;
  fault: string | undefined = 'not listening yet';
  readonly #log: Log;
  readonly #options: BrokerOptions;
  readonly #topics: Topics;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #limiter: SocketLimiter | undefined;
  /** By client: its requests are handled one after another, in order [MQTT-4.6.0-2]. */
  readonly #tails = new WeakMap<Client, Promise<void>>();
  readonly #qosTwoIds = new WeakMap<Client, Map<number, string>>();
  #listening: Listening | undefined;
  #publishing = 0;

  constructor({ log }: { log: Log }, options: BrokerOptions) {
    this.#log = log;
    this.#options = options;
    this.#topics = options.topics;
    this.#server = createServer({ noDelay: true });
    this.#server.maxConnections = options.maxConnections ?? 1_000;
  }

  get port(): number {
    const address = this.#server.address();
    return address === null || typeof address === 'string' ? 0 : address.port;
  }

  /** Counts sockets that were cut, and connections and filters beyond the share of an operator. */
  get clientRefusals(): Readonly<Record<string, number>> {
    return { ...this.#limiter?.drops, ...this.#listening?.clients.refusals };
  }

  get url(): string | undefined {
    const { port } = this;
    return port === 0 ? undefined : `mqtt://${formatAddress({ host: this.#options.host, port })}`;
  }

  /** False without clients: broadcasts are not kept for those who come later. */
  get hasAudience(): boolean {
    return this.#sockets.size > 0;
  }

  signOut(actor: string): void {
    this.#listening?.clients.signOut(actor);
  }

  async connect(handlers: BusHandlers, access: BrokerAccess): Promise<void> {
    const clients = new BrokerClients(access);
    const aedes = await this.#createAedes(clients, handlers);
    this.#listening = { aedes, clients, handlers };
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      guardPackets(socket, maxPacketBytes, ({ reason }) => {
        this.counters.denied++;
        this.#log.warn(
          { address: socket.remoteAddress, reason },
          'client closed: MQTT does not allow its packet',
        );
      });
      socket.once('close', () => this.#sockets.delete(socket));
      aedes.handle(socket);
    });
    this.#limiter = limitSockets(this.#server, {
      maxPerAddress: Infinity,
      maxPendingPerAddress: this.#options.maxPendingPerAddress ?? maxPendingPerAddress,
      maxPending,
      pendingMs,
      isTrusted: () => false,
    });
    await this.#listen(aedes);
    this.connected = true;
    this.fault = undefined;
    await this.publish(hubState(this.#options, true));
    handlers.connected();
  }

  publish({ topic, payload, retain = false }: OutgoingMessage): Promise<void> {
    const aedes = this.#ready();
    if (aedes === undefined) {
      this.counters.unavailable++;
      return Promise.reject(new HubError('bus-unavailable', this.fault ?? 'too many messages wait'));
    }
    return new Promise((resolve, reject) => {
      this.#hand(aedes, { topic, payload, qos: 1, retain }, (error) => {
        if (error) reject(new HubError('bus-refused', messageOf(error), { cause: error }));
        else resolve();
      });
    });
  }

  broadcast(topic: string, payload: string): boolean {
    const aedes = this.#ready();
    if (aedes === undefined) {
      this.counters.dropped++;
      return false;
    }
    this.#hand(aedes, { topic, payload, qos: 0, retain: false }, () => {});
    return true;
  }

  async close(): Promise<void> {
    this.#limiter?.close();
    const aedes = this.#listening?.aedes;
    if (aedes === undefined || !this.connected) return;
    await this.publish(hubState(this.#options, false));
    this.connected = false;
    this.fault = 'closed';
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    await new Promise<void>((resolve) => {
      aedes.close(() => resolve());
    });
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async #createAedes(clients: BrokerClients, handlers: BusHandlers): Promise<Aedes> {
    const aedes = await Aedes.createBroker({
      drainTimeout: drainTimeoutMs,
      maxTopicLevels: 16,
      preConnect: (client, packet, done) => {
        const { will, protocolVersion } = packet;
        if (protocolVersion === 5) {
          this.#log.warn(
            { client: packet.clientId },
            'MQTT 5 client refused: the embedded broker speaks MQTT 3.1.1',
          );
        }
        if (will !== undefined && this.#isOurs(will.topic)) {
          this.#log.warn(
            { client: packet.clientId, topic: will.topic },
            'client refused: its will is on a topic of the hub',
          );
          client.conn.write(connack(notAuthorized));
          done(new Error('a will on a topic of the hub'), false);
          return;
        }
        // A session that outlives its connection would queue without bound. None is kept, and CONNACK says so.
        packet.clean = true;
        this.counters.connections++;
        done(null, true);
      },
      authenticate: (client, username, password, done) =>
        clients.signIn(client, username, password, (error, ok) => {
          if (ok === true) this.#limiter?.proved(client.conn as Socket);
          done(error, ok);
        }),
      authorizeSubscribe: (client, subscription, done) =>
        // `null` becomes SUBACK 0x80: not granted [MQTT-3.8.4-3].
        done(null, client === null || clients.maySubscribe(client, subscription.topic) ? subscription : null),
      authorizeForward: (client, packet) => (clients.mayReceive(client, packet.topic) ? packet : null),
      authorizePublish: (client, packet, done) =>
        this.#authorize({ clients, handlers }, client, packet, done),
    });
    aedes.on('unsubscribe', (filters, client) => clients.unsubscribed(client, filters));
    aedes.on('clientError', (client, error) =>
      this.#log.info({ client: client.id, reason: messageOf(error) }, 'client closed'),
    );
    aedes.on('connectionError', (_client, error) =>
      this.#log.info({ reason: messageOf(error) }, 'connection refused'),
    );
    return aedes;
  }

  /** The broker, while it listens and keeps up. */
  #ready(): Aedes | undefined {
    return this.connected && this.#publishing < maxPublishing ? this.#listening?.aedes : undefined;
  }

  #hand(
    aedes: Aedes,
    packet: Pick<PublishPacket, 'topic' | 'payload' | 'qos' | 'retain'>,
    done: (error?: Error) => void,
  ): void {
    this.#publishing++;
    aedes.publish({ cmd: 'publish', dup: false, ...packet }, (error) => {
      this.#publishing--;
      this.counters[error ? 'refused' : 'published']++;
      done(error);
    });
  }

  /**
   * Handles requests. It runs before the PUBACK; everywhere else is too late, because aedes acknowledges before it stores
   * or routes. An error closes the client's connection [MQTT-3.3.5-2], so it is given only for a message that the client
   * may not publish, or that could not be handled.
   */
  #authorize(
    { clients, handlers }: Pick<Listening, 'clients' | 'handlers'>,
    client: Client | null,
    packet: PublishPacket,
    done: (error?: Error | null) => void,
  ): void {
    const { topic, retain } = packet;
    if (client !== null && this.#options.announcements?.includes(topic) === true) {
      packet.retain = false;
      done();
      return;
    }
    if (client === null || !this.#topics.isRequest(topic)) {
      this.#log.warn({ client: client?.id, topic }, 'publish refused: clients publish requests only');
      this.counters.denied++;
      if (client !== null) clients.refuse(client, topic);
      done(new Error(`clients may not publish to ${topic}`));
      return;
    }
    if (!clients.mayRequest(client, topic)) {
      this.#log.warn({ client: client.id, topic }, 'publish refused: not within the rights of this operator');
      this.counters.denied++;
      done(new Error(`this operator may not publish to ${topic}`));
      return;
    }
    packet.retain = false;
    if (this.#isRepeated(client, packet)) {
      done();
      return;
    }
    this.counters.received++;
    const before = this.#tails.get(client) ?? Promise.resolve();
    const taken = before.then(() =>
      handlers.message(incoming(client, packet, retain, clients.actorOf(client))),
    );
    const settled = taken.then(
      () => done(),
      (error: unknown) => {
        this.#log.error({ client: client.id, topic, err: error }, 'a message was not handled');
        done(new Error('the message could not be handled'));
      },
    );
    this.#tails.set(client, settled);
  }

  /** A QoS 2 packet that comes again before its PUBREL is the same message [MQTT-4.3.3-2]. */
  #isRepeated(client: Client, { qos, dup, messageId, topic, payload }: PublishPacket): boolean {
    if (qos !== 2 || messageId === undefined) return false;
    const ids = this.#qosTwoIds.get(client) ?? new Map<number, string>();
    this.#qosTwoIds.set(client, ids);
    const content = createHash('sha256').update(`${topic}\0`).update(payload).digest('base64url');
    if (dup && ids.get(messageId) === content) return true;
    ids.delete(messageId);
    ids.set(messageId, content);
    const [oldest] = ids.keys();
    if (ids.size > maxRememberedIds && oldest !== undefined) ids.delete(oldest);
    return false;
  }

  #isOurs(topic: string): boolean {
    return topic === this.#topics.root || topic.startsWith(`${this.#topics.root}/`);
  }

  async #listen(aedes: Aedes): Promise<void> {
    const { host, port } = this.#options;
    try {
      await listenTcp(this.#server, { host, port }, 'HUB_BROKER_LISTEN');
    } catch (error) {
      await new Promise<void>((resolve) => aedes.close(resolve));
      throw error;
    }
  }
}

function incoming(
  client: Client,
  packet: PublishPacket,
  retain: boolean,
  actor: string | undefined,
): IncomingMessage {
  const { topic, payload, dup, messageId } = packet;
  return {
    topic,
    retain,
    dup,
    session: client.id,
    payload: typeof payload === 'string' ? Buffer.from(payload) : payload,
    actor,
    packetId: messageId,
  };
}
