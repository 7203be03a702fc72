import { closeCodes } from '../../../../schemas/protocol/close-codes.ts';
import { cutText } from '../../../../schemas/cut-text.ts';
import { limits } from '../../../../schemas/limits.ts';
import type { DeviceFrame, LogLevel } from '../../../../schemas/protocol/device-frames.ts';
import type {
  DrainFrame,
  HubFrame,
  NackFrame,
  WelcomeFrame,
} from '../../../../schemas/protocol/hub-frames.ts';
import type { Cancel } from '../../../../schemas/time/clock.ts';
import type { JsonObject } from '../../../../schemas/twin/merge-patch.ts';
import { Boots, type EndedBoot } from './boots.ts';
import { ClockOffset } from './clock-offset.ts';
import { CommandMemory } from './command-memory.ts';
import { CommandRunner, type CommandHandler, type HandlerOptions } from './command-runner.ts';
import type { ByeOptions, CoreSettings, Counts, MeasureOptions } from './core-settings.ts';
import { frameCodecOf, textOf, type FrameCodec, type Message } from './frame-codec.ts';
import { Heartbeat } from './heartbeat.ts';
import { HeldTwin, type DesiredHandler } from './held-twin.ts';
import { HeldUpdate } from './held-update.ts';
import { helloFrame } from './hello.ts';
import { loadReadings, type KeptReading } from './kept-reading.ts';
import { NamedFrames } from './named-frames.ts';
import { Outbox, type Settlement } from './outbox.ts';
import { whenSaved } from './ports.ts';
import type { Ending } from './reconnect.ts';
import { Reconnects } from './reconnects.ts';
import { Secrets } from './secrets.ts';
import { Sender } from './sender.ts';
import { ownState } from './state-owner.ts';
import { Agenda } from './timers.ts';

/** A link that neither opens nor fails: a port with a limit of its own is quicker. */
const connectTimeoutMs = 30_000;
const welcomeTimeoutMs = 10_000;
const byeTimeoutMs = 10_000;
const defaultPatienceMs = 20_000;

/**
 * The session of a device with the hub, without any I/O: it opens no socket, reads no clock and draws no random number by itself.
 * A port tells it what happens, each time with the uptime in ms, and does what it says.
 *
 *     idle ─wake()─▶ connecting ─opened()─▶ greeting ─welcome─▶ open ─drain─▶ draining
 *                        ▲                     │                 │               │
 *                        └────── waiting ◀─────┴─────────────────┴───────────────┘
 *     open ─bye()─▶ leaving ─1000─▶ idle (or waiting, with a sleep)            any ─end()─▶ closed
 *
 * It tries forever, keeps each reading until it is settled, and never runs a command late or twice.
 */
export class HubCore {
  readonly #settings: CoreSettings;
  readonly #agenda: Agenda;
  #codec: FrameCodec;
  readonly #boots: Boots;
  readonly #outbox: Outbox;
  readonly #sender: Sender;
  readonly #secrets: Secrets;
  readonly #commands: CommandMemory;
  readonly #runner: CommandRunner;
  readonly #twin: HeldTwin;
  /** For what the device says of the firmware that it should run. */
  readonly update: HeldUpdate;
  readonly #named: NamedFrames;
  readonly #offset = new ClockOffset();
  readonly #reconnects: Reconnects;
  readonly #heartbeat: Heartbeat;
  #state: 'idle' | 'connecting' | 'greeting' | 'open' | 'draining' | 'leaving' | 'waiting' | 'closed' =
    'idle';
  #output: Message[] = [];
  /** Counts the links that were wanted. */
  #links = 0;
  #sessions = 0;
  #cancelTimer: Cancel | undefined;
  #farewell: { sleepSec: number | undefined; cancelPatience: Cancel; isImpatient: boolean } | undefined;
  #isDone = false;

  /** Loads what outlived the last boot. @param up the uptime, ms @throws Error when the memory is that of another device */
  constructor(settings: CoreSettings, up: number) {
    this.#settings = settings;
    const { random, memory, store } = settings;
    const complain = (what: string): void => settings.emit('trouble', what);
    ownState(memory, settings.id, complain);
    const clock = new Agenda(up);
    const send = (frame: DeviceFrame): void => this.#send(frame);
    this.#agenda = clock;
    this.#codec = frameCodecOf(settings.cbor);
    const loaded = loadReadings(store);
    if (loaded.damaged > 0) complain(`${loaded.damaged} kept readings were damaged, and are lost`);
    this.#boots = new Boots({ timers: clock, memory, complain }, settings.boot, {
      kept: loaded.boots,
      given: settings.endedBoots,
    });
    const notKept = (): void =>
      complain('the store takes no more readings: they would not outlive a loss of power');
    const kept = store && { boot: settings.boot, store, loaded, notKept };
    this.#outbox = new Outbox(settings.capacity ?? 10_000, this.#codec.sizeOf, kept);
    this.#sender = new Sender({ clock, random, outbox: this.#outbox, send });
    this.#secrets = new Secrets(settings.secret, memory, complain);
    this.#reconnects = new Reconnects({ clock, random, secrets: this.#secrets }, settings.backoffFirstMs);
    const { remembersCommands = true } = settings;
    this.#commands = new CommandMemory(remembersCommands ? memory : undefined, complain);
    this.#runner = new CommandRunner({
      memory: this.#commands,
      send,
      hubTime: () => this.#offset.hubTime(clock.monotonic()),
      clock,
      changed: () => settings.changed(),
      ended: (result, command) => settings.emit('result', result, command),
    });
    const pauseMs = (nack: NackFrame): number => this.#sender.pauseMs(nack);
    this.#twin = new HeldTwin({ memory, complain, clock, send, pauseMs });
    this.update = new HeldUpdate({ clock, send, pauseMs });
    this.#named = new NamedFrames({
      update: this.update,
      commands: this.#commands,
      runner: this.#runner,
      twin: this.#twin,
      pauseMs,
      resultAcked: (id) => settings.emit('result-acked', id),
    });
    this.#heartbeat = new Heartbeat({
      clock,
      beat: () => this.#beat(),
      hubSilent: () => this.#drop({ kind: 'hub-silent' }),
    });
  }

  // ---- for the firmware ----------------------------------------------------------------------------------------------

  /** The name of this run of the device. */
  get boot(): string {
    return this.#boots.name;
  }

  /** The hub's clock, Unix ms, as this device estimates it: it may be early, never late. Undefined before the first session. */
  time(up: number): number | undefined {
    return this.#offset.hubTime(up);
  }

  /** The boots that the hub would not have heard of if this one ended now: what the next one gets as `endedBoots`. */
  get endedBoots(): readonly EndedBoot[] {
    return this.#boots.ended;
  }

  /** Whether a session is open. */
  get isOpen(): boolean {
    return this.#state === 'open' || this.#state === 'draining';
  }

  /** After `bye`: whether the hub has everything and has closed. */
  get isDone(): boolean {
    return this.#isDone;
  }

  counts(): Counts {
    return {
      ...this.#outbox.counts,
      waiting: this.#outbox.size,
      sent: this.#sender.sent,
      logsLost: this.#sender.logs.lost,
      sessions: this.#sessions,
    };
  }

  /**
   * Puts a reading of a stream, or with a name and severity an event, into the store. It is sent when there is room, and kept until
   * it is settled. Resolves then, which may take as long as the hub is away. Never rejects.
   */
  measure(
    up: number,
    what: KeptReading['what'],
    data: unknown,
    options: MeasureOptions = {},
  ): Promise<Settlement> {
    this.#at(up);
    // The device's own wall clock may be wrong; what its uptime means is known to the hub. It takes three decimals.
    const { ts, up: taken = up, backfill = false, boot } = options;
    const time = ts === undefined ? { up: this.#outbox.moments.apart(taken, what) } : { ts };
    return new Promise((settle) => {
      if (this.#state === 'closed') settle({ kind: 'dropped', cause: 'closed' });
      else this.#outbox.add({ what, time, data, backfill, boot, settle });
    });
  }

  /** A line for the log of the device at the hub. It waits in memory only, and gives way when there are too many. */
  log(up: number, level: LogLevel, msg: string, tag?: string): void {
    this.#at(up);
    if (this.#state === 'closed' || msg === '') return;
    this.#sender.logs.add({ level, msg: cutText(msg, limits.logText), tag, time: { up } });
  }

  /** Commands without a handler are answered `rejected`. */
  onCommand(name: string, handler: CommandHandler, options?: HandlerOptions): void {
    this.#runner.handle(name, handler, options);
  }

  /** Without a handler, what is desired of the device is ignored. */
  onDesired(handler: DesiredHandler): void {
    this.#twin.handle(handler);
  }

  /** What holds on the device now, as a whole; sent again until the hub has it. @throws TypeError when it is no JSON */
  reported(up: number, state: JsonObject): void {
    this.#at(up);
    this.#twin.report(JSON.parse(JSON.stringify(state)) as JsonObject);
  }

  /** Says goodbye when everything is sent; the event `left` tells the outcome. */
  bye(up: number, { sleepSec, patienceMs = defaultPatienceMs }: ByeOptions): void {
    this.#at(up);
    if (this.#state === 'closed') return this.#settings.emit('left', false);
    this.#farewell?.cancelPatience();
    const isImpatient = patienceMs <= 0;
    const giveUp = (): void => {
      if (this.#farewell !== undefined) this.#farewell.isImpatient = true;
      if (this.#state === 'open' || this.#state === 'draining') this.#sayBye();
      else if (this.#state !== 'leaving') this.#leave();
    };
    const cancelPatience = this.#agenda.after(patienceMs, giveUp);
    this.#farewell = { sleepSec, isImpatient, cancelPatience };
    if (isImpatient || this.#state === 'idle') giveUp();
    return undefined;
  }

  /** Begins to want a link, unless it does already: at the start, and after `bye`. */
  wake(up: number): void {
    this.#at(up);
    if (this.#state === 'idle' || this.#state === 'waiting') this.#connect();
  }

  // ---- for the port --------------------------------------------------------------------------------------------------

  /** Does what is due. @returns ms until more is due; call it again then, or when something has happened. Infinity: nothing is */
  step(up: number): number {
    this.#at(up);
    if (this.#state === 'closed') return Infinity;
    this.#agenda.runDue();
    this.#runner.begin();
    if (this.isOpen) this.#sender.pump();
    if (this.#farewell !== undefined && this.#state === 'open' && !this.#owesData()) this.#sayBye();
    return this.#agenda.nextInMs();
  }

  /** The number of the link that is wanted now; 0 when there should be none. A new number is a new link. */
  get wantsLink(): number {
    return ['idle', 'waiting', 'closed'].includes(this.#state) ? 0 : this.#links;
  }

  /** The secret to open a link with. */
  get secret(): string {
    return this.#secrets.current;
  }

  /** The subprotocol to open a link with. */
  get subprotocol(): string {
    return this.#codec.subprotocol;
  }

  /** The link that was wanted is open: TCP, TLS and the WebSocket. */
  opened(up: number): void {
    this.#at(up);
    if (this.#state === 'connecting') this.#greet();
  }

  /** The link that was wanted is gone, or could not be opened. */
  closed(up: number, ending: Ending): void {
    this.#at(up);
    this.#drop(ending);
  }

  /** Something else than a frame came from the hub, such as a ping. */
  heard(up: number): void {
    this.#at(up);
    this.#heartbeat.heard();
  }

  /** A message came. */
  take(up: number, message: Message): void {
    this.#at(up);
    if (this.wantsLink === 0 || this.#state === 'connecting') return;
    this.#heartbeat.heard();
    const frame = this.#codec.read(message);
    if (frame === undefined) this.#settings.emit('ignored', textOf(message));
    else {
      this.#settings.emit('received', frame);
      this.#obey(frame);
    }
  }

  /** Messages to send, the oldest first. */
  output(): readonly Message[] {
    return this.#output;
  }

  /** The first `count` of the output were handed to the link. */
  sent(count: number): void {
    this.#output = this.#output.slice(count);
  }

  /** Ends this core: what is not settled is `dropped`, and waits in the store for the next boot. */
  end(up: number): void {
    this.#at(up);
    if (this.#state === 'closed') return;
    this.#stopTimers();
    this.#state = 'closed';
    this.#output = [];
    this.#runner.close();
    this.#outbox.close();
  }

  // ---- its own -------------------------------------------------------------------------------------------------------

  #at(up: number): void {
    this.#agenda.moveTo(up);
  }

  #connect(): void {
    this.#isDone = false;
    this.#state = 'connecting';
    this.#links += 1;
    this.#setTimer(connectTimeoutMs, () =>
      this.#drop({ kind: 'failed', message: 'the hub does not answer' }),
    );
  }

  #greet(): void {
    this.#state = 'greeting';
    const known = { boots: this.#boots, commands: this.#commands, twin: this.#twin };
    this.#send(helloFrame(this.#settings, { ...known, layout: this.#codec.layout }));
    this.#setTimer(welcomeTimeoutMs, () => this.#drop({ kind: 'hub-silent' }));
  }

  #beat(): void {
    const clock = this.#settings.wallClock?.();
    this.#send({
      type: 'heartbeat',
      t1: this.#boots.uptime(),
      ...(clock === undefined ? {} : { clock }),
    });
  }

  #obey(frame: HubFrame): void {
    switch (frame.type) {
      case 'welcome':
        return this.#welcomed(frame);
      case 'ack':
        return 're' in frame ? this.#named.acked(frame.re) : this.#sender.ack(frame.upTo);
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
      case 'update':
        return this.#settings.emit('update', this.update.wanted(frame));
      case 'notice':
        return this.#settings.emit('notice', frame);
      case 'credential':
        return this.#offered(frame.secret);
      case 'drain':
        return this.#drain(frame);
    }
  }

  #welcomed(welcome: WelcomeFrame): void {
    if (this.#state !== 'greeting') return;
    this.#cancelTimer?.();
    this.#state = 'open';
    this.#sessions += 1;
    this.#boots.welcomed();
    this.#secrets.proven();
    this.#reconnects.welcomed(welcome.backoffMaxMs);
    this.#offset.reset();
    this.#offset.add(welcome.t1, welcome.now);
    this.#sender.start(welcome);
    this.#heartbeat.start(welcome.heartbeatSec, welcome.graceSec);
    this.#settings.emit('welcome', welcome);
    this.#runner.resend();
    if (welcome.desired !== undefined) this.#twin.desired(welcome.desired);
    this.#twin.welcomed();
    this.update.welcomed(welcome.update);
    this.#settings.emit('update', welcome.update);
  }

  /** The next session proves the new secret; until then the old one is kept. */
  #offered(secret: string): void {
    const link = this.#links;
    whenSaved(this.#secrets.offered(secret), (kept) => {
      if (!kept || this.#links !== link) return;
      this.#drop({ kind: 'closed', code: 1006, reason: 'new secret' });
      this.#settings.changed();
    });
  }

  #nacked(nack: NackFrame): void {
    this.#settings.emit('nack', nack);
    const { seq, re } = nack;
    if (this.#state === 'greeting' && nack.errors?.some(({ path }) => path === '/layout'))
      return this.#useNames();
    if (seq !== undefined) this.#sender.nack(seq, nack);
    if (re !== undefined) this.#named.nacked(re, nack);
  }

  /** The hub has the fields of this type in another order. It understands their names. */
  #useNames(): void {
    this.#codec = frameCodecOf(true);
    this.#settings.emit(
      'trouble',
      'the device was made with another order of fields than the hub has: it sends their names',
    );
    this.#drop({ kind: 'closed', code: 1006, reason: 'another layout' });
  }

  #drain(drain: DrainFrame): void {
    if (this.#state !== 'open') return;
    // Sends no new readings: the hub settles what it has, then closes with 1012. If it does not, the client
    // reconnects in its time slot.
    this.#state = 'draining';
    this.#sender.pause();
    this.#setTimer(this.#reconnects.drained(drain.reconnectAfterMs), () =>
      this.#drop({ kind: 'closed', code: closeCodes.draining, reason: 'draining' }),
    );
    this.#settings.emit('drain', drain);
  }

  #drop(ending: Ending): void {
    if (this.wantsLink === 0) return;
    this.#stopTimers();
    this.#output = [];
    if (ending.kind === 'closed' && ending.code === closeCodes.frameTooBig) this.#outbox.halve();
    this.#sender.sessionEnded();
    const saidBye =
      this.#state === 'leaving' && ending.kind === 'closed' && ending.code === closeCodes.normal;
    if (this.#state === 'leaving' && (saidBye || this.#farewell?.isImpatient !== false)) {
      this.#isDone = saidBye && this.#outbox.size === 0;
      this.#state = 'waiting';
      this.#settings.emit('close', ending, undefined);
      return this.#leave();
    }
    const retry = this.#reconnects.ended(ending);
    this.#state = 'waiting';
    this.#setTimer(retry.waitMs, () => this.#connect());
    this.#settings.emit('close', ending, retry);
    if (retry.trouble !== undefined) this.#settings.emit('trouble', retry.trouble);
  }

  #owesData(): boolean {
    return this.#outbox.waiting > 0 || this.#sender.logs.waiting > 0;
  }

  #sayBye(): void {
    const { sleepSec } = this.#farewell ?? {};
    this.#sender.pause();
    this.#state = 'leaving';
    this.#send({ type: 'bye', ...(sleepSec === undefined ? {} : { sleepSec }) });
    this.#setTimer(byeTimeoutMs, () => this.#drop({ kind: 'hub-silent' }));
  }

  #leave(): void {
    const { sleepSec, cancelPatience } = this.#farewell ?? {};
    cancelPatience?.();
    this.#farewell = undefined;
    this.#stopTimers();
    this.#output = [];
    this.#sender.sessionEnded();
    this.#state = sleepSec === undefined ? 'idle' : 'waiting';
    if (sleepSec !== undefined) this.#setTimer(sleepSec * 1000, () => this.#connect());
    this.#settings.emit('left', this.#isDone);
  }

  #send(frame: DeviceFrame): void {
    if (frame.type !== 'hello' && !this.isOpen && this.#state !== 'leaving') return;
    this.#sender.took();
    this.#output.push(this.#codec.write(frame));
    this.#settings.emit('sent', frame);
    this.#settings.changed();
  }

  #setTimer(ms: number, run: () => void): void {
    this.#cancelTimer?.();
    this.#cancelTimer = this.#agenda.after(ms, run);
  }

  #stopTimers(): void {
    this.#cancelTimer?.();
    this.#heartbeat.stop();
  }
}
