/** The MQTT bus as features need it; the external broker and the embedded one implement it. */

export interface OutgoingMessage {
  topic: string;
  payload: string;
  qos: 1;
  retain?: boolean;
  /** MQTT 5 only; dropped on 3.1.1. */
  correlationData?: Uint8Array | undefined;
  /** MQTT 5 only; dropped on 3.1.1. */
  userProperties?: Readonly<Record<string, string>> | undefined;
}

export interface Publisher {
  /**
   * QoS 1: resolves when the broker has acknowledged, even when that takes reconnects.
   * @throws HubError `bus-unavailable` when the bounded outbox is full or the bus is closed; `bus-refused` when
   * the broker refuses the message permanently
   */
  publish(message: OutgoingMessage): Promise<void>;
}

export interface Broadcaster {
  /** False: nobody is there who could get a broadcast, so that it need not be made. */
  readonly hasAudience: boolean;
  /**
   * QoS 0: hands the message over, together with others a moment later, in order; costs no promise.
   * @returns false when it is dropped (and counted): the broker is away, does not keep up, or does not accept a packet of
   *   this size
   */
  broadcast(topic: string, payload: string): boolean;
}

export interface IncomingMessage {
  topic: string;
  payload: Uint8Array;
  /** Delivered from the retained store, or published with retain set. */
  retain: boolean;
  /** Redelivery of a packet the hub may have seen (DUP flag). */
  dup: boolean;
  packetId?: number | undefined;
  /** Who published it, as far as the broker reveals that. */
  actor?: string | undefined;
  /** The MQTT session `packetId` belongs to. */
  session?: string | undefined;
  /** It was kept in the broker while the hub was away, for a time that only `messageExpirySec` can show. */
  waited?: boolean | undefined;
  /** Of the lease under which the hub takes requests; absent: it is the only hub that does. */
  gateToken?: number | undefined;
  responseTopic?: string | undefined;
  correlationData?: Uint8Array | undefined;
  /** Seconds left, as the broker counts them. */
  messageExpirySec?: number | undefined;
  userProperties?: Readonly<Record<string, string>> | undefined;
}

/** Totals since the start, plain integers that a scrape reads. */
export interface BusCounters {
  /** Handed to the broker and, for QoS 1, acknowledged by it. */
  published: number;
  /** QoS 0 messages dropped: the broker was away, or did not keep up. */
  dropped: number;
  /** QoS 0 messages above the Maximum Packet Size of the broker. */
  tooLong: number;
  /** QoS 1 messages not taken: the outbox was full, or the bus closed. */
  unavailable: number;
  /** QoS 1 messages the broker refused permanently. */
  refused: number;
  /** Messages that came in under the request topics. */
  received: number;
  /** Messages that clients of the embedded broker may not publish, and packets that are too long. */
  denied: number;
  /** Connections made. */
  connections: number;
}

/**
 * A bus is made early, so that every part can be given it, and connected last, after every part that answers its
 * messages. Until then nothing comes in, and a QoS 1 message is queued. The embedded broker, which has no clients
 * until then, refuses it with `bus-unavailable`.
 */
export interface Bus extends Publisher, Broadcaster {
  readonly kind: 'embedded' | 'mqtt';
  /** Where clients reach the embedded broker, once it listens. */
  readonly url: string | undefined;
  /** True while the broker has us connected (always true for the embedded broker, once it listens). */
  readonly connected: boolean;
  /** Why it is not connected. */
  readonly fault: string | undefined;
  /** Hubs that use the same topics at the same broker, by their ids: only one should. */
  readonly otherHubs: readonly string[];
  /** What the broker does not allow and the hub needs; undefined when it allows all. */
  readonly limitation: string | undefined;
  readonly counters: BusCounters;
  /** What clients of the embedded broker were refused, by cause. */
  readonly clientRefusals: Readonly<Record<string, number>>;
  /** QoS 1 messages that wait for the broker. */
  readonly queued: number;
  /** Ends the connections that clients of the embedded broker have under this account or token. */
  signOut(actor: string): void;
  close(): Promise<void>;
}

/** Something else than a request that a part of the hub listens to: news of other hubs, none of our own. */
export interface Tap {
  readonly filter: string;
  /** Whether it is a topic of this filter. */
  takes(topic: string): boolean;
  take(topic: string, payload: string): void;
}

export interface BusHandlers {
  /** Not for the embedded broker, which has one hub alone. */
  taps?: readonly Tap[];
  /**
   * A message under `command/`, `group-command/`, `cancel/` or `twin-desired/`. It is PUBACKed when the promise resolves: once it is
   * journalled, or answered with a refusal.
   */
  message(message: IncomingMessage): Promise<void>;
  /** Connected and subscribed. Called again after each reconnect: the broker may have lost retained states. */
  connected(): void;
  disconnected(reason: string): void;
  /** Another hub has begun to use the same topics, or has stopped. */
  otherHub(hubId: string, isOnline: boolean): void;
}
