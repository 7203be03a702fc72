import { EventEmitter } from 'node:events';
import {
  closeCodes,
  type DeviceFrame,
  type DrainFrame,
  type HubFrame,
  type NackFrame,
  type Sample,
  type Severity,
  type WelcomeFrame,
} from '../../schemas/index.ts';
import type { JsonObject } from '../../schemas/twin/merge-patch.ts';
import type { ClientEvents, DeviceClientOptions, SendOptions, EndedBoot } from './client-options.ts';
import { ClockOffset } from './clock-offset.ts';
import { systemClock, type Cancel, type Clock } from '../../schemas/time/clock.ts';
import { Boots } from './boots.ts';
import { ClientFaults } from './client-faults.ts';
import { CommandMemory } from './command-memory.ts';
import { CommandRunner, type CommandHandler, type HandlerOptions } from './command-runner.ts';
import { Connection } from './connection.ts';
import { Heartbeat } from './heartbeat.ts';
import { HeldTwin, type DesiredHandler } from './held-twin.ts';
import { parseHubFrame } from './hub-frame.ts';
import type { OutboxItem, Settlement } from './outbox.ts';
import type { Ending } from './reconnect.ts';
import { Reconnects } from './reconnects.ts';
import { Secrets } from '../device/secrets.ts';
import { Sender } from './sender.ts';

const welcomeTimeoutMs = 10_000;
const byeTimeoutMs = 10_000;

/**
 * The reference device client.
 *
 *     idle ─connect()─▶ connecting ─upgrade, hello─▶ greeting ─welcome─▶ open ─drain─▶ draining
 *                          ▲                            │               │               │
 *                          └──────── waiting ◀──────────┴───────────────┴───────────────┘
 *     open ─bye()─▶ leaving ─1000─▶ idle (or waiting, with a sleep)            any ─close()─▶ closed
 *
 * It tries forever, keeps each reading until it is settled, and never runs a command late or twice.
 */
class DeviceClient extends EventEmitter<ClientEvents> {
  /** Deliberate faults, for tests and simulated devices; a real device does not have them. */
  readonly faults: ClientFaults;
  readonly #options: DeviceClientOptions;
  readonly #clock: Clock;
  readonly #boots: Boots;
  readonly #sender: Sender;
  readonly #secrets: Secrets;
  readonly #memory: CommandMemory;
  readonly #runner: CommandRunner;
  readonly #twin: HeldTwin;
  readonly #offset = new ClockOffset();
  readonly #reconnects: Reconnects;
  readonly #heartbeat: Heartbeat;
  #state: 'idle' | 'connecting' | 'greeting' | 'open' | 'draining' | 'leaving' | 'waiting' | 'closed' =
    'idle';
  #connection: Connection | undefined;
  #sleepSec: number | undefined;
  #cancelTimer: Cancel | undefined;
  /** Callers of bye() and close() that wait for this connection to close. */
  readonly #leavers: (() => void)[] = [];

  constructor(options: DeviceClientOptions) {
    super();
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    const { secret, secretStore, commandStore, random = Math.random } = options;
    const { readingStore, endedBoots = readingStore?.unknownBoots() } = options;
    this.#boots = new Boots(this.#clock, options.boot, endedBoots);
    this.#sender = new Sender({
      clock: this.#clock,
      random,
      boots: this.#boots,
      readingStore,
      outboxCapacity: options.outboxCapacity ?? 10_000,
      send: (frame) => this.#send(frame),
    });
    this.#secrets = new Secrets(secret, secretStore);
    this.#reconnects = new Reconnects(
      { clock: this.#clock, random, secrets: this.#secrets },
      options.backoffFirstMs,
    );
    this.#memory = new CommandMemory(commandStore);
    this.#runner = new CommandRunner({
      memory: this.#memory,
      send: (frame) => this.#send(frame),
      hubTime: () => this.hubTime(),
      clock: this.#clock,
      died: () => {
        this.faults.vanish();
        this.emit('died');
      },
      ended: (result, command) => this.emit('result', result, command),
    });
    this.#twin = new HeldTwin({
      store: options.twinStore,
      clock: this.#clock,
      send: (frame) => this.#send(frame),
      pauseMs: (nack) => this.#sender.pauseMs(nack),
    });
    this.#heartbeat = new Heartbeat({
      clock: this.#clock,
      beat: () => this.#send({ type: 'heartbeat', t1: this.uptime(), clock: this.#clock.now() }),
      hubSilent: () => {
        if (!this.faults.frozen) this.#connection?.destroy({ kind: 'hub-silent' });
      },
    });
    this.faults = new ClientFaults({
      connection: () => this.#connection,
      pause: () => this.#sender.pause(),
      resumed: () => {
        if (this.#state === 'waiting') this.connect();
      },
      commands: (faults) => {
        this.#runner.faults = faults;
      },
    });
  }

  /** The name of this run of the device. */
  get boot(): string {
    return this.#boots.name;
  }

  /** Time since boot, ms; never steps. */
  uptime(): number {
    return this.#boots.uptime();
  }

  /** The hub's clock as this device estimates it, Unix ms; undefined before the first session. */
  hubTime(): number | undefined {
    return this.#offset.hubTime(this.uptime());
  }

  /**
   * The boots that the hub would not have heard of if this one ended now: what the next one gets as `endedBoots`, so
   * that readings kept with the uptime of these boots get a time.
   */
  get endedBoots(): readonly EndedBoot[] {
    return this.#boots.ended;
  }

  /** Whether a session is open. */
  get online(): boolean {
    return this.#state === 'open' || this.#state === 'draining';
  }

  /** Readings that are kept, and readings lost because the outbox was full. */
  get outbox(): { size: number; dropped: number } {
    return { size: this.#sender.outbox.size, dropped: this.#sender.outbox.dropped };
  }

  /**
   * Starts to connect, and reconnects until `bye` or `close`; the outcomes are events.
   * @throws SyntaxError when the URL is invalid, Error when `ca` is not a certificate
   */
  connect(): void {
    if (this.#state !== 'idle' && this.#state !== 'waiting') return;
    this.#cancelTimer?.();
    this.#state = 'connecting';
    this.#connection = Connection.open(
      { ...this.#options, secret: this.#secrets.current },
      {
        opened: () => this.#greet(),
        heard: () => this.#heartbeat.heard(),
        text: (text) => this.#read(text),
        ended: (ending) => this.#ended(ending),
      },
    );
  }

  /** Sends one reading. Resolves when it is settled, which may take as long as the hub is away. Never rejects. */
  send(stream: string, data: unknown, options: SendOptions = {}): Promise<Settlement> {
    const settled = this.#add({ kind: 'reading', stream }, data, options);
    this.#sender.pump();
    return settled;
  }

  /** Sends several readings of one stream as `samples`. Returns one settlement for each, in the same order. */
  sendSamples(
    stream: string,
    samples: readonly Sample[],
    options: Pick<SendOptions, 'backfill' | 'boot'> = {},
  ): Promise<Settlement[]> {
    const settled = samples.map(({ data, ...time }) =>
      this.#add({ kind: 'reading', stream }, data, { ...options, ...time }),
    );
    this.#sender.pump();
    return Promise.all(settled);
  }

  /** Sends an event; otherwise like `send`. */
  event(name: string, severity: Severity, data?: unknown, options: SendOptions = {}): Promise<Settlement> {
    const settled = this.#add({ kind: 'event', name, severity }, data, options);
    this.#sender.pump();
    return settled;
  }

  /** Commands without a handler are answered `rejected`. */
  onCommand(name: string, handler: CommandHandler, options?: HandlerOptions): void {
    this.#runner.handle(name, handler, options);
  }

  /** Without a handler, what is desired of the device is ignored. */
  onDesired(handler: DesiredHandler): void {
    this.#twin.handle(handler);
  }

  /** Reports what holds on the device now, as a whole; sent again until the hub has it. */
  report(state: JsonObject): void {
    this.#twin.report(state);
  }

  /**
   * Disconnects cleanly: readings in flight are settled first, waiting ones are kept. With `sleepSec` the client
   * reconnects after that time, otherwise at the next `connect()`. Resolves when the connection is closed.
   */
  bye(sleepSec?: number): Promise<void> {
    this.#sleepSec = sleepSec;
    this.#sender.pause();
    if (!this.online) {
      if (this.#state !== 'closed') this.#leave();
      return Promise.resolve();
    }
    this.#state = 'leaving';
    this.#send({ type: 'bye', ...(sleepSec === undefined ? {} : { sleepSec }) });
    this.#setTimer(byeTimeoutMs, () => this.#connection?.destroy({ kind: 'hub-silent' }));
    return new Promise((resolve) => {
      this.#leavers.push(resolve);
    });
  }

  /** Ends this client: what is not settled is `dropped`. Resolves when the socket is closed. */
  close(): Promise<void> {
    const open = this.#connection;
    this.#stopTimers();
    this.#state = 'closed';
    this.#sender.outbox.close();
    if (open === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      this.#leavers.push(resolve);
      if (this.faults.frozen) open.destroy({ kind: 'closed', code: 1006, reason: 'closed' });
      else open.close();
    });
  }

  #greet(): void {
    this.#state = 'greeting';
    const { deviceType, firmware, heartbeatSec } = this.#options;
    const unresolved = this.#memory.unresolved();
    this.#send({
      type: 'hello',
      boot: this.boot,
      deviceType,
      t1: this.uptime(),
      ...(firmware === undefined ? {} : { firmware }),
      ...(heartbeatSec === undefined ? {} : { heartbeatSec }),
      ...(this.#twin.rev === undefined ? {} : { desiredRev: this.#twin.rev }),
      ...(this.#memory.persists ? { persistsCommands: true } : {}),
      ...(unresolved.length === 0 ? {} : { unresolved }),
      ...(this.#boots.unseen.length === 0 ? {} : { boots: this.#boots.unseen }),
    });
    this.#setTimer(welcomeTimeoutMs, () => this.#connection?.destroy({ kind: 'hub-silent' }));
  }

  #read(text: string): void {
    const frame = parseHubFrame(text);
    if (frame === undefined) this.emit('ignored', text);
    else {
      this.emit('received', frame);
      this.#obey(frame);
    }
  }

  #obey(frame: HubFrame): void {
    switch (frame.type) {
      case 'welcome':
        return this.#welcomed(frame);
      case 'ack':
        return 're' in frame ? this.#namedAcked(frame.re) : this.#sender.ack(frame.upTo);
      case 'nack':
        return this.#nacked(frame);
      case 'heartbeat':
        return this.#offset.add(frame.t1, frame.t2);
      case 'command':
        return this.#runner.command(frame);
      case 'cancel':
        return this.#runner.cancel(frame.re);
      case 'recall':
        return this.#runner.recall(frame.ids);
      case 'desired':
        return this.#twin.desired(frame);
      case 'notice':
        this.emit('notice', frame);
        return undefined;
      case 'credential':
        // The next session proves the new secret; until then the old one is kept.
        this.#secrets.offered(frame.secret);
        return this.#connection?.destroy({ kind: 'closed', code: 1006, reason: 'new secret' });
      case 'drain':
        return this.#drain(frame);
    }
  }

  #welcomed(welcome: WelcomeFrame): void {
    if (this.#state !== 'greeting') return;
    this.#cancelTimer?.();
    this.#state = 'open';
    this.#boots.welcomed();
    this.#options.readingStore?.bootsKnown(this.boot);
    this.#secrets.proven();
    this.#reconnects.welcomed(welcome.backoffMaxMs);
    this.#offset.reset();
    this.#offset.add(welcome.t1, welcome.now);
    this.#sender.start(welcome);
    this.#heartbeat.start(welcome.heartbeatSec, welcome.graceSec);
    this.emit('welcome', welcome);
    this.#runner.resend();
    if (welcome.desired !== undefined) this.#twin.desired(welcome.desired);
    this.#twin.welcomed();
    this.#sender.pump();
  }

  #namedAcked(id: string): void {
    if (!this.#twin.answered(id)) this.#resultAcked(id);
  }

  #resultAcked(id: string): void {
    this.#memory.acked(id);
    this.emit('result-acked', id);
  }

  #nacked(nack: NackFrame): void {
    this.emit('nack', nack);
    const { seq, re } = nack;
    if (seq !== undefined) this.#sender.nack(seq, nack);
    if (re === undefined || this.#twin.answered(re, nack)) return;
    if (nack.retry) this.#clock.after(this.#sender.pauseMs(nack), () => this.#runner.resendOne(re));
    else this.#resultAcked(re);
  }

  #drain(drain: DrainFrame): void {
    if (this.#state !== 'open') return;
    // Sends no new readings: the hub settles what it has, then closes with 1012. If it does not, the client
    // reconnects in its time slot.
    this.#state = 'draining';
    this.#sender.pause();
    this.#reconnects.drained(drain.reconnectAfterMs);
    this.#setTimer(drain.reconnectAfterMs, () => {
      this.#connection?.destroy({ kind: 'closed', code: closeCodes.draining, reason: 'draining' });
    });
    this.emit('drain', drain);
  }

  #ended(ending: Ending): void {
    this.#connection = undefined;
    this.#stopTimers();
    if (ending.kind === 'closed' && ending.code === closeCodes.frameTooBig) this.#sender.outbox.halve();
    this.#sender.sessionEnded();
    if (this.#state === 'closed' || this.#state === 'leaving') {
      this.emit('close', ending, undefined);
      if (this.#state === 'leaving') this.#leave();
      for (const left of this.#leavers.splice(0)) left();
      return;
    }
    const retry = this.#reconnects.ended(ending);
    this.#state = 'waiting';
    this.emit('close', ending, retry);
    if (retry.trouble !== undefined) this.emit('trouble', retry.trouble);
    // A listener may have closed the client, or called connect() itself.
    if (this.#state === 'waiting') this.#connectAfter(retry.waitMs);
  }

  #leave(): void {
    this.#state = 'leaving';
    if (this.#connection !== undefined) {
      // Its end brings us back here.
      this.#connection.destroy({ kind: 'closed', code: 1006, reason: 'bye' });
      return;
    }
    this.#stopTimers();
    const sleepSec = this.#sleepSec;
    this.#sleepSec = undefined;
    this.#state = sleepSec === undefined ? 'idle' : 'waiting';
    if (sleepSec !== undefined) this.#connectAfter(sleepSec * 1000);
  }

  #connectAfter(ms: number): void {
    this.#setTimer(ms, () => {
      if (!this.faults.frozen) this.connect();
    });
  }

  #add(what: OutboxItem['what'], data: unknown, options: SendOptions): Promise<Settlement> {
    if (this.#state === 'closed') return Promise.resolve({ kind: 'dropped', cause: 'closed' });
    return this.#sender.add(what, data, options);
  }

  #send(frame: DeviceFrame): void {
    if (this.faults.frozen || this.#connection === undefined) return;
    if (frame.type !== 'hello' && !this.online && this.#state !== 'leaving') return;
    this.#sender.took();
    this.#connection.send(frame);
    this.emit('sent', frame);
  }

  #setTimer(ms: number, run: () => void): void {
    this.#cancelTimer?.();
    this.#cancelTimer = this.#clock.after(ms, run);
  }

  #stopTimers(): void {
    this.#cancelTimer?.();
    this.#heartbeat.stop();
  }
}

export type { DeviceClient };

/** Creates a client, which does nothing before `connect()`. */
export function createDeviceClient(options: DeviceClientOptions): DeviceClient {
  return new DeviceClient(options);
}
