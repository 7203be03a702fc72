import { Socket } from 'node:net';
import { connect, Store, type IConnackPacket, type IPublishPacket, type MqttClient } from 'mqtt';
import { maxPacketBytes } from '../../../schemas/limits.ts';
import type { Bus, BusCounters, BusHandlers, OutgoingMessage } from '../../bus/bus.ts';
import type { Topics } from '../../bus/topics.ts';
import { hubState, newBusCounters } from '../bus-state.ts';
import { HubError, messageOf } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/log.ts';
import { Backoff } from '../../../schemas/time/backoff.ts';
import { type Cancel, type Clock } from '../../../schemas/time/clock.ts';
import { BroadcastBatch } from './broadcast-batch.ts';
import { OtherHubs } from './other-hubs.ts';
import { MqttInbox } from './mqtt-inbox.ts';
import { incoming, orderOf, pubacks, published } from './mqtt-packets.ts';
import { MqttOutbox, type Send } from './mqtt-outbox.ts';

export interface MqttDeps {
  clock: Clock;
  /** Uniform in [0, 1). */
  random: () => number;
  log: Log;
}

export interface MqttOptions {
  /** `mqtt:`, `mqtts:`, `ws:` or `wss:`. */
  url: string;
  username?: string | undefined;
  password?: string | undefined;
  topics: Topics;
  /** Names this hub and its MQTT session; unique at the broker. */
  hubId: string;
  /**
   * For several hubs that work as one. `hub`: each hub's own connection, without requests. `gate`: the connection through which
   * requests come; it has the same MQTT session whichever hub holds it. Not given: a single hub, with one connection for everything.
   */
  role?: 'hub' | 'gate' | undefined;
  /** One of several hubs, as long as no other may have taken its devices over; not given: it is alone. */
  mayAct?: (() => boolean) | undefined;
  /** Not given: the bus has counters of its own. */
  counters?: BusCounters | undefined;
  /** New at each start of the hub. */
  incarnation: string;
  /** How long the broker keeps commands for a hub that is away; also the default time to live of a command. */
  sessionExpirySec?: number;
  connectTimeoutMs?: number;
  /** The longest wait between two attempts to connect. */
  backoffMaxMs?: number;
}

const keepaliveSec = 30;
const maxInFlight = 64;
const receiveMaximum = 128;
/** After a connection that lasted at least this long, the next attempt follows soon. */
const goodConnectionMs = 10_000;
const closeTimeoutMs = 2_000;
/** Whether a hub may act again, ms. */
const heldBackMs = 100;

export interface MqttBus extends Bus {
  /**
   * Connects the hub to the broker; to be called once. Resolves after the first attempt, even when it failed. The bus then
   * tries again forever, with full jitter. Until an attempt succeeds, `connected` is false and `fault` has the reason.
   */
  connect(handlers: BusHandlers): Promise<void>;
}

/** The handlers of incoming messages. */
interface Receiver {
  readonly inbox: MqttInbox;
  readonly handlers: BusHandlers;
}

/** The bus over an MQTT 5 broker. */
export function createMqttBus(deps: MqttDeps, options: MqttOptions): MqttBus {
  return new ReconnectingBus(deps, options);
}

/** One connection at a time. Each is a new client, so this class keeps everything that must outlive a connection. */
class ReconnectingBus implements MqttBus {
  readonly kind = 'mqtt';
  readonly url = undefined;
  /** Only the broker knows who subscribes. */
  readonly hasAudience = true;
  readonly counters: BusCounters;
  /** Clients of the broker are the broker's own affair. */
  readonly clientRefusals = {};
  connected = false;
  limitation: string | undefined;
  #otherHub: BusHandlers['otherHub'] = () => undefined;
  fault: string | undefined = 'not connected yet';
  readonly #deps: MqttDeps;
  readonly #options: MqttOptions;
  readonly #topics: Topics;
  readonly #outbox: MqttOutbox;
  readonly #broadcasts: BroadcastBatch;
  readonly #others: OtherHubs;
  #inbox: MqttInbox | undefined;
  #client: MqttClient | undefined;
  readonly #backoff: Backoff;
  #retry: Cancel | undefined;
  /** The payload of the marker; messages before it may have waited in the broker. Undefined: none can have waited. */
  #marker: string | undefined;
  #closing = false;
  #attempted: () => void = () => {};
  /** Resolves when the connection is lost while `close` publishes that the hub is offline. */
  readonly #lost = Promise.withResolvers<void>();

  constructor(deps: MqttDeps, options: MqttOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#topics = options.topics;
    this.counters = options.counters ?? newBusCounters();
    this.#others = new OtherHubs(options, deps.log, (hubId, isOnline) => this.#otherHub(hubId, isOnline));
    this.#outbox = new MqttOutbox(this.counters);
    this.#broadcasts = new BroadcastBatch(deps.clock, this.counters);
    const { backoffMaxMs: maxMs = 30_000 } = options;
    this.#backoff = new Backoff({ firstMs: 500, maxMs, random: deps.random });
  }

  /** The name of the MQTT session, and of the topic of its marker. */
  get #name(): string {
    return this.#options.role === 'gate' ? 'gate' : this.#options.hubId;
  }

  /** Whether this connection publishes on the hub's topic that the hub is online. */
  get #saysThere(): boolean {
    return this.#options.role !== 'gate';
  }

  connect(handlers: BusHandlers): Promise<void> {
    this.#otherHub = (hubId, isOnline) => handlers.otherHub(hubId, isOnline);
    const inbox = new MqttInbox(
      { handle: (message) => handlers.message(message), orderOf: (topic) => orderOf(this.#topics, topic) },
      receiveMaximum,
    );
    this.#inbox = inbox;
    const attempted = new Promise<void>((resolve) => {
      this.#attempted = resolve;
    });
    this.#attempt({ inbox, handlers });
    return attempted;
  }

  get otherHubs(): readonly string[] {
    return this.#others.ids;
  }

  get queued(): number {
    return this.#outbox.size;
  }

  publish(message: OutgoingMessage): Promise<void> {
    return this.#outbox.add(message);
  }

  broadcast(topic: string, payload: string): boolean {
    return this.#broadcasts.add(topic, payload);
  }

  /** An external broker signs its own clients in and out. */
  signOut(): void {}

  /** Publishes that the hub is offline, waits briefly for outstanding PUBACKs, and gives up the rest. */
  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    this.#retry?.();
    const client = this.#client;
    // Without a goodbye the broker publishes the will.
    if (client !== undefined && this.connected && this.#outbox.attached) {
      const goodbye = this.#saysThere ? this.#outbox.add(hubState(this.#options, false)) : Promise.resolve();
      const farewell = goodbye.then(() => this.#outbox.drained());
      const settled = farewell.catch((error: unknown) =>
        this.#deps.log.warn({ err: error }, 'the hub could not publish that it is offline'),
      );
      await this.#atMost(settled, this.#lost.promise);
      if (this.#client === client) await this.#atMost(client.endAsync(), this.#lost.promise);
    }
    this.connected = false;
    this.#outbox.close();
    client?.end(true);
    this.#client = undefined;
    if (this.#inbox !== undefined) await this.#atMost(this.#inbox.idle());
  }

  #attempt(receiver: Receiver): void {
    const { url, username, password, sessionExpirySec = 60, connectTimeoutMs = 10_000 } = this.#options;
    const client = connect(url, {
      protocolVersion: 5,
      clientId: `hub-${this.#topics.root.replaceAll('/', '-')}-${this.#name}`,
      clean: false,
      keepalive: keepaliveSec,
      connectTimeout: connectTimeoutMs,
      // The bus reconnects, resubscribes and keeps unacknowledged messages itself.
      reconnectPeriod: 0,
      resubscribe: false,
      queueQoSZero: false,
      // Packets that were read before the connection was lost are still handled afterwards. A store that empties itself
      // at the close (`clean`) would throw at that time, where nothing can catch it.
      incomingStore: new Store({ clean: false }),
      outgoingStore: new Store({ clean: false }),
      properties: { sessionExpiryInterval: sessionExpirySec, receiveMaximum },
      ...(this.#saysThere ? { will: { ...hubState(this.#options, false), retain: true } } : {}),
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
    });
    this.#client = client;
    // PUBACKs are small packets that the broker waits for: Nagle's algorithm would delay them.
    if (client.stream instanceof Socket) client.stream.setNoDelay(true);
    const startedMs = this.#deps.clock.monotonic();
    let reason = 'the connection was closed';
    const take = receiver.inbox.open({
      acknowledge: (packetIds) => {
        if (this.#client !== client) return;
        this.#broadcasts.flush();
        client.stream.write(pubacks(packetIds));
      },
      failed: ({ topic }, error) => {
        this.#deps.log.error({ topic, err: error }, 'a message was not handled');
        client.emit('error', new HubError('bus-unavailable', 'a message could not be handled'));
      },
    });
    client.handleMessage = (packet, done): void => {
      if (this.#isOwnMatter(packet, receiver)) return done();
      this.counters.received++;
      const message = incoming(packet, client.options.clientId ?? '', this.#marker !== undefined);
      // With an error the client sends no PUBACK of its own and reads on. The inbox sends the PUBACK later.
      take(message, () => done(new Error('its PUBACK follows once it is handled')));
    };
    client.on('connect', (connack) => void this.#welcome(client, connack, receiver));
    client.on('disconnect', (packet) => {
      reason = `the broker disconnected us, reason code ${packet.reasonCode ?? 0}`;
    });
    client.on('error', (error) => {
      reason = messageOf(error) === '' && 'code' in error ? String(error.code) : messageOf(error);
      client.end(true);
    });
    client.once('close', () => {
      this.#closed(client, reason, this.#deps.clock.monotonic() - startedMs, receiver);
    });
  }

  /** Subscribes, and is ready when every filter is granted [MQTT-3.9.3-1]. */
  async #welcome(client: MqttClient, connack: IConnackPacket, receiver: Receiver): Promise<void> {
    this.counters.connections++;
    // The hub sends itself a marker now. Messages that arrive before it may have waited in the broker.
    this.#marker = connack.sessionPresent
      ? `${this.#options.incarnation}/${this.counters.connections}`
      : undefined;
    try {
      if (this.#options.role === undefined) await this.#watchHubs(client);
      if (this.#options.role === 'hub') await this.#leaveRequests(client);
      await this.#subscribe(client, receiver.handlers);
      if (this.#marker !== undefined) await this.#sendMarker(client, this.#marker);
      if (this.#saysThere) await client.publishAsync(...published(hubState(this.#options, true)));
    } catch (error) {
      client.emit('error', error instanceof Error ? error : new Error(String(error)));
      return;
    }
    if (this.#client !== client || this.#closing || !client.connected) return;
    this.connected = true;
    this.fault = undefined;
    const { receiveMaximum: window = maxInFlight, maximumPacketSize = Infinity } = connack.properties ?? {};
    const limits = { window: Math.min(window, maxInFlight), maxPacketBytes: maximumPacketSize };
    this.limitation =
      maximumPacketSize < maxPacketBytes
        ? `the broker takes packets of at most ${maximumPacketSize} bytes, so that longer readings, and longer results of commands, are not published; set its maximum to ${maxPacketBytes}`
        : undefined;
    if (this.limitation !== undefined) this.#deps.log.warn({ reason: this.limitation }, 'broker limited');
    this.#broadcasts.attach(client.stream, maximumPacketSize);
    this.#attachOutbox(client, limits);
    this.#deps.log.info(
      { broker: safeUrl(this.#options.url), resumed: connack.sessionPresent },
      'broker connected',
    );
    this.#attempted();
    // The hub published after it subscribed: by the time of that PUBACK, every retained state has arrived.
    this.#others.reconnected();
    receiver.handlers.connected();
  }

  /** What has waited goes out once the hub may act: before, another hub may have said something newer. Readings are not concerned. */
  #attachOutbox(client: MqttClient, limits: { window: number; maxPacketBytes: number }): void {
    if (this.#client !== client || !this.connected) return;
    if (this.#options.mayAct?.() === false) {
      this.#deps.clock.after(heldBackMs, () => this.#attachOutbox(client, limits));
      return;
    }
    this.#outbox.attach((message, done) => {
      this.#broadcasts.flush();
      send(client, message, done);
    }, limits);
  }

  /** Runs before requests can come, so that the hub answers none that belongs to another hub. */
  async #watchHubs(client: MqttClient): Promise<void> {
    this.#others.reconnecting();
    const filter = this.#topics.hubFilter;
    const refused = await client.subscribeAsync(filter, { qos: 1 }).then(
      ([granted]) => granted?.qos !== 1,
      () => client.connected,
    );
    if (!refused) return;
    this.#deps.log.warn(
      { filter },
      'the broker lets the hub read no states of hubs, so another goes unnoticed',
    );
  }

  /** The broker remembers what this session subscribed to when it was of a hub alone, and would deliver each request twice. */
  async #leaveRequests(client: MqttClient): Promise<void> {
    await client.unsubscribeAsync([this.#topics.hubFilter, ...this.#topics.requestFilters]);
  }

  /**
   * `rh: 2`: no retained messages; `rap: true`: the retain flag is kept as published; `nl: true`: none of our own messages
   * [MQTT 5 §3.8.3.1].
   */
  async #subscribe(client: MqttClient, { taps = [] }: BusHandlers): Promise<void> {
    const requests = this.#options.role === 'hub' ? [] : this.#topics.requestFilters;
    const tapped = taps.map(({ filter }) => [filter, { qos: 1 as const, rh: 0, rap: true, nl: true }]);
    const filters = [...requests, this.#topics.marker(this.#name)];
    const asked = filters.map((filter) => [filter, { qos: 1 as const, rh: 2, rap: true }]);
    const granted = await client.subscribeAsync(Object.fromEntries([...asked, ...tapped]));
    const refused = granted.find(({ qos }) => qos !== 1);
    if (refused !== undefined || granted.length !== asked.length + tapped.length) {
      throw new HubError('bus-refused', `the subscription to ${refused?.topic ?? 'a topic'} was not granted`);
    }
  }

  async #sendMarker(client: MqttClient, payload: string): Promise<void> {
    await client.publishAsync(this.#topics.marker(this.#name), payload, {
      qos: 1,
      properties: { messageExpiryInterval: 60 },
    });
  }

  #closed(client: MqttClient, reason: string, lastedMs: number, receiver: Receiver): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    this.#outbox.detach();
    this.#broadcasts.detach();
    const was = this.connected;
    this.connected = false;
    this.fault = reason;
    client.end(true);
    this.#attempted();
    if (this.#closing) {
      this.#lost.resolve();
      return;
    }
    if (was && lastedMs >= goodConnectionMs) this.#backoff.reset();
    const waitMs = this.#backoff.next();
    const { url } = this.#options;
    this.#deps.log.warn(
      { broker: safeUrl(url), reason, retryMs: Math.round(waitMs) },
      'broker not connected',
    );
    this.#retry = this.#deps.clock.after(waitMs, () => this.#attempt(receiver));
    if (was) receiver.handlers.disconnected(reason);
  }

  /** Takes messages that are no requests: the state of a hub, our marker, or one to which a part of the hub listens. */
  #isOwnMatter(packet: IPublishPacket, { handlers }: Receiver): boolean {
    const { topic, payload } = packet;
    const tap = handlers.taps?.find((each) => each.takes(topic));
    tap?.take(topic, payload.toString());
    return tap !== undefined || this.#isStateOfHub(topic, payload.toString()) || this.#isMarker(packet);
  }

  /** Beside a hub that is one of several there are others, and nothing is wrong with that. */
  #isStateOfHub(topic: string, payload: string): boolean {
    if (this.#options.role === undefined) return this.#others.take(topic, payload);
    return this.#topics.hubOf(topic) !== undefined;
  }

  /** The marker that follows the messages that waited in the broker. */
  #isMarker({ topic, payload }: IPublishPacket): boolean {
    if (topic !== this.#topics.marker(this.#name)) return false;
    if (payload.toString() === this.#marker) this.#marker = undefined;
    return true;
  }

  /** Waits for `work`, but no longer than the close may take. */
  async #atMost(...work: Promise<unknown>[]): Promise<void> {
    const { promise: tooLong, resolve } = Promise.withResolvers<void>();
    const cancel = this.#deps.clock.after(closeTimeoutMs, resolve);
    await Promise.race([...work, tooLong]);
    cancel();
  }
}

const send = (client: MqttClient, message: OutgoingMessage, done: Parameters<Send>[1]): void => {
  client.publish(...published(message), (error) => {
    if (error === undefined || error === null) done();
    else
      done({
        message: error.message,
        ...('code' in error && typeof error.code === 'number' ? { code: error.code } : {}),
      });
  });
};

/** The address without credentials, for logs. */
function safeUrl(url: string): string {
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}`;
}
