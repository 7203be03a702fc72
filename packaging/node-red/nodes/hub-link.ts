import { readFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { connect, type IClientPublishOptions, type MqttClient } from 'mqtt';

/** MQTT 3.1.1 §3.2.2.3: the broker does not speak the version that was asked for. So does the hub's own broker to MQTT 5. */
const unacceptableVersion = 1;
/** The broker keeps what was published meanwhile for a link that breaks, s. */
const sessionSec = 3_600;

export interface LinkSettings {
  /** `mqtt://host:1883`, `mqtts:`, `ws:` or `wss:`. */
  broker: string;
  /** Of all topics, `hub/v1`. */
  root: string;
  user?: string | undefined;
  password?: string | undefined;
  /** File with the certificate (PEM) that the broker's is checked against. */
  ca?: string | undefined;
}

export interface HubMessage {
  /** Of the topic, below the root. */
  levels: readonly string[];
  /** Undefined: it is empty, or no JSON. */
  json: unknown;
  isEmpty: boolean;
  retained: boolean;
}

type Listener = (message: HubMessage) => void;

export type LinkState = { kind: 'connecting' } | { kind: 'connected' } | { kind: 'broken'; why: string };

/** The connection of all nodes of one hub to its broker: MQTT 5, and MQTT 3.1.1 where the broker has no 5. */
export class HubLink {
  readonly root: string;
  readonly #settings: LinkSettings;
  readonly #clientId = `node-red-${randomBytes(8).toString('hex')}`;
  /** By filter, with the root. */
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #watchers = new Set<(state: LinkState) => void>();
  #client: MqttClient;
  #version: 4 | 5 = 5;
  #state: LinkState = { kind: 'connecting' };

  constructor(settings: LinkSettings) {
    this.#settings = settings;
    this.root = settings.root;
    this.#client = this.#connect();
  }

  /** Whether the broker takes Response Topics, which came with MQTT 5. */
  get hasResponseTopics(): boolean {
    return this.#version === 5;
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Tells the state now and at each change. @returns ends it */
  watch(watcher: (state: LinkState) => void): () => void {
    this.#watchers.add(watcher);
    watcher(this.#state);
    return () => this.#watchers.delete(watcher);
  }

  /**
   * Gives the listener what is published on the filter below the root, with what is retained there first.
   * @returns `ready` resolves when the broker has the subscription; it rejects when the broker refuses it
   */
  listen(filter: string, listener: Listener): { ready: Promise<void>; stop: () => void } {
    const whole = `${this.root}/${filter}`;
    const listeners = this.#listeners.get(whole) ?? new Set();
    this.#listeners.set(whole, listeners.add(listener));
    return {
      ready: this.#subscribe(whole),
      stop: () => {
        listeners.delete(listener);
        if (listeners.size > 0 || this.#listeners.get(whole) !== listeners) return;
        this.#listeners.delete(whole);
        this.#client.unsubscribe(whole);
      },
    };
  }

  /** Resolves when the broker has it. @throws when it refuses it */
  async publish(topic: string, body: object, options: IClientPublishOptions = {}): Promise<void> {
    await this.#client.publishAsync(`${this.root}/${topic}`, JSON.stringify(body), { qos: 1, ...options });
  }

  close(): void {
    this.#watchers.clear();
    this.#client.end(true);
  }

  #connect(): MqttClient {
    const { broker, user, password, ca } = this.#settings;
    const client = connect(broker, {
      clientId: this.#clientId,
      protocolVersion: this.#version,
      clean: this.#version === 4,
      ...(this.#version === 5 ? { properties: { sessionExpiryInterval: sessionSec } } : {}),
      ...(user === undefined || user === '' ? {} : { username: user }),
      ...(password === undefined || password === '' ? {} : { password }),
      ...(ca === undefined || ca === '' ? {} : { ca: readFileSync(ca) }),
      reconnectPeriod: 2_000,
    });
    client.on('connect', () => this.#tell({ kind: 'connected' }));
    client.on('close', () => {
      if (this.#state.kind === 'connected') this.#tell({ kind: 'connecting' });
    });
    client.on('error', (error: Error & { code?: number | string }) => {
      if (error.code === unacceptableVersion && this.#version === 5) return this.#fallBack(client);
      this.#tell({ kind: 'broken', why: error.message });
    });
    client.on('message', (topic, payload, { retain }) => this.#spread(topic, payload, retain));
    return client;
  }

  #fallBack(refused: MqttClient): void {
    refused.end(true);
    this.#version = 4;
    this.#client = this.#connect();
    for (const filter of this.#listeners.keys()) this.#client.subscribe(filter, { qos: 1 });
  }

  /** Waits for the connection that is being made, of whichever version it turns out to be. */
  async #subscribe(filter: string): Promise<void> {
    await this.#connected();
    const granted = await this.#client.subscribeAsync(filter, { qos: 1 });
    // MQTT 3.1.1 §3.9.3, MQTT 5 §3.9.3: 128 and above are refusals.
    if (granted.some(({ qos }) => qos >= 128)) throw new Error(`the broker lets nobody read ${filter} here`);
  }

  #connected(): Promise<void> {
    if (this.#state.kind === 'connected') return Promise.resolve();
    return new Promise((resolve) => {
      const watcher = (state: LinkState): void => {
        if (state.kind !== 'connected') return;
        this.#watchers.delete(watcher);
        resolve();
      };
      this.#watchers.add(watcher);
    });
  }

  #tell(state: LinkState): void {
    this.#state = state;
    for (const watcher of this.#watchers) watcher(state);
  }

  #spread(topic: string, payload: Buffer, retained: boolean): void {
    const message: HubMessage = {
      levels: topic.slice(this.root.length + 1).split('/'),
      json: jsonOf(payload),
      isEmpty: payload.length === 0,
      retained,
    };
    for (const [filter, listeners] of this.#listeners) {
      if (!matches(filter, topic)) continue;
      for (const listener of listeners) listener(message);
    }
  }
}

/** The filter has only levels and `+`. */
function matches(filter: string, topic: string): boolean {
  const levels = topic.split('/');
  const wanted = filter.split('/');
  return (
    wanted.length === levels.length && wanted.every((level, at) => level === '+' || level === levels[at])
  );
}

function jsonOf(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString());
  } catch {
    return undefined;
  }
}
