import { createHash } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import { Aedes, type Client, type PublishPacket } from 'aedes';
import type { Bus, BusHandlers, IncomingMessage, OutgoingMessage } from '../../bus/bus.ts';
import { BrokerClients, type BrokerAccess } from './broker-access.ts';
import type { Topics } from '../../bus/topics.ts';
import { hubState, newBusCounters } from '../bus-state.ts';
import { limitPackets } from './packet-sizes.ts';
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
  maxConnections?: number;
}

export interface Broker extends Bus {
  readonly port: number;
  /** Ends the connections of this account or token. */
  signOut(actor: string): void;
}

/** A command has at most half of it. */
const maxPacketBytes = 131_072;
const maxPublishing = 10_000;
const maxRememberedIds = 1_000;
/** One subscriber that does not read would hold up the others. */
const drainTimeoutMs = 5_000;

/**
 * The embedded MQTT 3.1.1 broker, for a hub that has no other. Clients are operators (devices have the device
 * listener). They may publish only below `command/`, `group-command/` and `cancel/`, as far as their rights go; each session ends with its connection, and nothing
 * published by a client is retained, so that memory stays bounded.
 * @throws HubError `address-in-use`; `input-invalid` when the address cannot be listened on
 */
export async function startBroker(
  deps: { log: Log; access: BrokerAccess },
  options: BrokerOptions,
  handlers: BusHandlers,
): Promise<Broker> {
  const broker = new EmbeddedBroker(deps, options, handlers);
  await broker.start();
  return broker;
}

class EmbeddedBroker implements Broker {
  /** A publish is handed to the clients at once. */
  readonly queued = 0;
  readonly counters = newBusCounters();
  connected = false;
  fault: string | undefined = 'not started';
  readonly #log: Log;
  readonly #clients: BrokerClients;
  readonly #options: BrokerOptions;
  readonly #handlers: BusHandlers;
  readonly #topics: Topics;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** The requests of one client are taken one after another, as they came [MQTT-4.6.0-2]. */
  readonly #tails = new WeakMap<Client, Promise<void>>();
  readonly #qosTwoIds = new WeakMap<Client, Map<number, string>>();
  #aedes: Aedes | undefined;
  #publishing = 0;

  constructor(
    { log, access }: { log: Log; access: BrokerAccess },
    options: BrokerOptions,
    handlers: BusHandlers,
  ) {
    this.#log = log;
    this.#clients = new BrokerClients(access);
    this.#options = options;
    this.#handlers = handlers;
    this.#topics = options.topics;
    this.#server = createServer({ noDelay: true });
    this.#server.maxConnections = options.maxConnections ?? 1_000;
  }

  get port(): number {
    const address = this.#server.address();
    return address === null || typeof address === 'string' ? 0 : address.port;
  }

  signOut(actor: string): void {
    this.#clients.signOut(actor);
  }

  async start(): Promise<void> {
    const aedes = await Aedes.createBroker({
      drainTimeout: drainTimeoutMs,
      maxTopicLevels: 16,
      preConnect: (_client, packet, done) => {
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
          done(new Error('a will on a topic of the hub'), false);
          return;
        }
        // Sessions that outlive connections would queue without bound: none is kept, and CONNACK says so.
        packet.clean = true;
        this.counters.connections++;
        done(null, true);
      },
      authenticate: (client, username, password, done) =>
        this.#clients.signIn(client, username, password, done),
      authorizeSubscribe: (client, subscription, done) =>
        // No subscription granted is answered by SUBACK 0x80 [MQTT-3.8.4-3].
        done(
          null,
          client === null || this.#clients.mayRead(client, subscription.topic) ? subscription : null,
        ),
      authorizeForward: (client, packet) => (this.#clients.mayReceive(client, packet.topic) ? packet : null),
      authorizePublish: (client, packet, done) => this.#authorize(client, packet, done),
    });
    aedes.on('clientError', (client, error) =>
      this.#log.info({ client: client.id, reason: messageOf(error) }, 'client closed'),
    );
    aedes.on('connectionError', (_client, error) =>
      this.#log.info({ reason: messageOf(error) }, 'connection refused'),
    );
    this.#aedes = aedes;
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      limitPackets(socket, maxPacketBytes, () => {
        this.counters.denied++;
        this.#log.warn({ address: socket.remoteAddress }, 'client cut: its packet is too long');
      });
      socket.once('close', () => this.#sockets.delete(socket));
      aedes.handle(socket);
    });
    await this.#listen();
    this.connected = true;
    this.fault = undefined;
    await this.publish(hubState(this.#options, true));
    this.#handlers.connected();
  }

  publish({ topic, payload, qos, retain = false }: OutgoingMessage): Promise<void> {
    const aedes = this.#aedes;
    if (aedes === undefined || !this.connected || this.#publishing >= maxPublishing) {
      this.counters[qos === 0 ? 'dropped' : 'unavailable']++;
      if (qos === 0) return Promise.resolve();
      return Promise.reject(
        new HubError('bus-unavailable', this.connected ? 'too many messages wait' : 'closed'),
      );
    }
    this.#publishing++;
    return new Promise((resolve, reject) => {
      aedes.publish({ cmd: 'publish', topic, payload, qos, retain, dup: false }, (error) => {
        this.#publishing--;
        this.counters[error ? 'refused' : 'published']++;
        if (error) reject(new HubError('bus-refused', messageOf(error), { cause: error }));
        else resolve();
      });
    });
  }

  async close(): Promise<void> {
    const aedes = this.#aedes;
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

  /**
   * Runs before the PUBACK, and is the only place where requests are taken: aedes acknowledges before it
   * stores or routes. An error closes the client's connection [MQTT-3.3.5-2], so only what no client may
   * publish is answered by one.
   */
  #authorize(client: Client | null, packet: PublishPacket, done: (error?: Error | null) => void): void {
    const { topic, retain } = packet;
    if (client === null || !this.#isRequest(topic)) {
      this.#log.warn({ client: client?.id, topic }, 'publish refused: clients publish commands only');
      this.counters.denied++;
      if (client !== null) this.#clients.refuse(client, topic);
      done(new Error(`clients may not publish to ${topic}`));
      return;
    }
    if (!this.#clients.mayRequest(client, topic)) {
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
      this.#handlers.message(incoming(client, packet, retain, this.#clients.actorOf(client))),
    );
    const settled = taken.then(
      () => done(),
      (error: unknown) => {
        this.#log.error({ client: client.id, topic, err: error }, 'a message was not dealt with');
        done(new Error('the message could not be dealt with'));
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

  #isRequest(topic: string): boolean {
    const { root } = this.#topics;
    return ['command', 'group-command', 'cancel'].some((kind) => topic.startsWith(`${root}/${kind}/`));
  }

  #isOurs(topic: string): boolean {
    return topic === this.#topics.root || topic.startsWith(`${this.#topics.root}/`);
  }

  #listen(): Promise<void> {
    const { host, port } = this.#options;
    return new Promise((resolve, reject) => {
      this.#server.once('error', (error: NodeJS.ErrnoException) => {
        const code = error.code === 'EADDRINUSE' ? 'address-in-use' : 'input-invalid';
        const failed = new HubError(code, `MQTT listener ${host}:${port}: ${error.message}`, {
          cause: error,
        });
        const aedes = this.#aedes;
        if (aedes === undefined) reject(failed);
        else aedes.close(() => reject(failed));
      });
      this.#server.listen(port, host, resolve);
    });
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
    ...(actor === undefined ? {} : { actor }),
    ...(messageId === undefined ? {} : { packetId: messageId }),
  };
}
