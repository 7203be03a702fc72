import { closeCodes } from '../../../../schemas/protocol/close-codes.ts';
import type { DeviceFrame } from '../../../../schemas/protocol/device-frames.ts';
import type {
  DrainFrame,
  HubFrame,
  NackFrame,
  WelcomeFrame,
} from '../../../../schemas/protocol/hub-frames.ts';
import type { Cancel } from '../../../../schemas/time/clock.ts';
import { makeParts, type CoreParts } from './core-parts.ts';
import type { ByeOptions, CoreSettings } from './core-settings.ts';
import { frameCodecOf, textOf, type FrameCodec, type Message } from './frame-codec.ts';
import { helloFrame } from './hello.ts';
import { whenSaved } from './ports.ts';
import type { Ending } from './reconnect.ts';

/** A link that neither opens nor fails: a port with a limit of its own is quicker. */
const connectTimeoutMs = 30_000;
const welcomeTimeoutMs = 10_000;
const byeTimeoutMs = 10_000;
const defaultPatienceMs = 20_000;

/**
 * The states of a core, from one session to the next.
 *
 *     idle ─wake()─▶ connecting ─opened()─▶ greeting ─welcome─▶ open ─drain─▶ draining
 *                        ▲                     │                 │               │
 *                        └────── waiting ◀─────┴─────────────────┴───────────────┘
 *     open ─bye()─▶ leaving ─1000─▶ idle (or waiting, with a sleep)            any ─end()─▶ closed
 */
export class CoreSession {
  readonly parts: CoreParts;
  readonly #settings: CoreSettings;
  #codec: FrameCodec;
  #state: 'idle' | 'connecting' | 'greeting' | 'open' | 'draining' | 'leaving' | 'waiting' | 'closed' =
    'idle';
  #output: Message[] = [];
  /** Counts the links that were wanted. */
  #links = 0;
  #sessions = 0;
  #cancelTimer: Cancel | undefined;
  #farewell: { sleepSec: number | undefined; cancelPatience: Cancel; isImpatient: boolean } | undefined;
  #isDone = false;

  /** @param up the uptime, ms @throws Error when the memory is that of another device */
  constructor(settings: CoreSettings, up: number) {
    this.#settings = settings;
    this.parts = makeParts(settings, up, {
      send: (frame) => this.#send(frame),
      beat: () => this.#beat(),
      hubSilent: () => this.drop({ kind: 'hub-silent' }),
    });
    this.#codec = this.parts.codec;
  }

  get isOpen(): boolean {
    return this.#state === 'open' || this.#state === 'draining';
  }

  get isClosed(): boolean {
    return this.#state === 'closed';
  }

  /** After `bye`: whether the hub has everything and has closed. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /** Sessions that were opened. */
  get sessions(): number {
    return this.#sessions;
  }

  get wantsLink(): number {
    return ['idle', 'waiting', 'closed'].includes(this.#state) ? 0 : this.#links;
  }

  get subprotocol(): string {
    return this.#codec.subprotocol;
  }

  get output(): readonly Message[] {
    return this.#output;
  }

  sent(count: number): void {
    this.#output = this.#output.slice(count);
  }

  wake(): void {
    if (this.#state === 'idle' || this.#state === 'waiting') this.#connect();
  }

  opened(): void {
    if (this.#state === 'connecting') this.#greet();
  }

  take(message: Message): void {
    if (this.wantsLink === 0 || this.#state === 'connecting') return;
    this.parts.heartbeat.heard();
    const frame = this.#codec.read(message);
    if (frame === undefined) this.#settings.emit('ignored', textOf(message));
    else {
      this.#settings.emit('received', frame);
      this.#obey(frame);
    }
  }

  /** Sends what there is to send, and says goodbye after it. */
  proceed(): void {
    if (this.isOpen) this.parts.sender.pump();
    if (this.#farewell !== undefined && this.#state === 'open' && !this.#owesData()) this.#sayBye();
  }

  bye({ sleepSec, patienceMs = defaultPatienceMs }: ByeOptions): void {
    if (this.#state === 'closed') return this.#settings.emit('left', false);
    this.#farewell?.cancelPatience();
    const isImpatient = patienceMs <= 0;
    const giveUp = (): void => {
      if (this.#farewell !== undefined) this.#farewell.isImpatient = true;
      if (this.#state === 'open' || this.#state === 'draining') this.#sayBye();
      else if (this.#state !== 'leaving') this.#leave();
    };
    const cancelPatience = this.parts.agenda.after(patienceMs, giveUp);
    this.#farewell = { sleepSec, isImpatient, cancelPatience };
    if (isImpatient || this.#state === 'idle') giveUp();
    return undefined;
  }

  end(): void {
    if (this.#state === 'closed') return;
    this.#stopTimers();
    this.#state = 'closed';
    this.#output = [];
    this.parts.runner.close();
    this.parts.outbox.close();
  }

  #connect(): void {
    this.#isDone = false;
    this.#state = 'connecting';
    this.#links += 1;
    this.#setTimer(connectTimeoutMs, () => this.drop({ kind: 'failed', message: 'the hub does not answer' }));
  }

  /** The link is open. */
  #greet(): void {
    this.#state = 'greeting';
    const known = { boots: this.parts.boots, commands: this.parts.commands, twin: this.parts.twin };
    this.#send(helloFrame(this.#settings, { ...known, layout: this.#codec.layout }));
    this.#setTimer(welcomeTimeoutMs, () => this.drop({ kind: 'hub-silent' }));
  }

  #beat(): void {
    const clock = this.#settings.wallClock?.();
    this.#send({
      type: 'heartbeat',
      t1: this.parts.boots.uptime(),
      ...(clock === undefined ? {} : { clock }),
    });
  }

  /** Does what the hub says. */
  #obey(frame: HubFrame): void {
    switch (frame.type) {
      case 'welcome':
        return this.#welcomed(frame);
      case 'ack':
        return 're' in frame ? this.parts.named.acked(frame.re) : this.parts.sender.ack(frame.upTo);
      case 'nack':
        return this.#nacked(frame);
      case 'heartbeat':
        return this.parts.offset.add(frame.t1, frame.t2);
      case 'command':
        return this.parts.runner.command(frame);
      case 'cancel':
        return this.parts.runner.cancel(frame.re);
      case 'recall':
        return this.parts.runner.recall(frame.ids);
      case 'desired':
        return this.parts.twin.desired(frame);
      case 'update':
        return this.#settings.emit('update', this.parts.update.wanted(frame));
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
    this.parts.boots.welcomed();
    this.parts.secrets.proven();
    this.parts.reconnects.welcomed(welcome.backoffMaxMs);
    this.parts.offset.reset();
    this.parts.offset.add(welcome.t1, welcome.now);
    this.parts.sender.start(welcome);
    this.parts.heartbeat.start(welcome.heartbeatSec, welcome.graceSec);
    this.#settings.emit('welcome', welcome);
    this.parts.runner.resend();
    if (welcome.desired !== undefined) this.parts.twin.desired(welcome.desired);
    this.parts.twin.welcomed();
    this.parts.update.welcomed(welcome.update);
    this.#settings.emit('update', welcome.update);
  }

  /** The next session proves the new secret; until then the old one is kept. */
  #offered(secret: string): void {
    const link = this.#links;
    whenSaved(this.parts.secrets.offered(secret), (kept) => {
      if (!kept || this.#links !== link) return;
      this.drop({ kind: 'closed', code: 1006, reason: 'new secret' });
      this.#settings.changed();
    });
  }

  #nacked(nack: NackFrame): void {
    this.#settings.emit('nack', nack);
    const { seq, re } = nack;
    if (this.#state === 'greeting' && nack.errors?.some(({ path }) => path === '/layout'))
      return this.#useNames();
    if (seq !== undefined) this.parts.sender.nack(seq, nack);
    if (re !== undefined) this.parts.named.nacked(re, nack);
  }

  /** The hub has the fields of this type in another order. It understands their names. */
  #useNames(): void {
    this.#codec = frameCodecOf(true);
    this.#settings.emit(
      'trouble',
      'the device was made with another order of fields than the hub has: it sends their names',
    );
    this.drop({ kind: 'closed', code: 1006, reason: 'another layout' });
  }

  #drain(drain: DrainFrame): void {
    if (this.#state !== 'open') return;
    // Sends no new readings: the hub settles what it has, then closes with 1012. If it does not, the client
    // reconnects in its time slot.
    this.#state = 'draining';
    this.parts.sender.pause();
    this.#setTimer(this.parts.reconnects.drained(drain.reconnectAfterMs), () =>
      this.drop({ kind: 'closed', code: closeCodes.draining, reason: 'draining' }),
    );
    this.#settings.emit('drain', drain);
  }

  /** The link is gone, or is given up. */
  drop(ending: Ending): void {
    if (this.wantsLink === 0) return;
    this.#stopTimers();
    this.#output = [];
    if (ending.kind === 'closed' && ending.code === closeCodes.frameTooBig) this.parts.outbox.halve();
    this.parts.sender.sessionEnded();
    const saidBye =
      this.#state === 'leaving' && ending.kind === 'closed' && ending.code === closeCodes.normal;
    if (this.#state === 'leaving' && (saidBye || this.#farewell?.isImpatient !== false)) {
      this.#isDone = saidBye && this.parts.outbox.size === 0;
      this.#state = 'waiting';
      this.#settings.emit('close', ending, undefined);
      return this.#leave();
    }
    const retry = this.parts.reconnects.ended(ending);
    this.#state = 'waiting';
    this.#setTimer(retry.waitMs, () => this.#connect());
    this.#settings.emit('close', ending, retry);
    if (retry.trouble !== undefined) this.#settings.emit('trouble', retry.trouble);
  }

  #owesData(): boolean {
    return this.parts.outbox.waiting > 0 || this.parts.sender.logs.waiting > 0;
  }

  #sayBye(): void {
    const { sleepSec } = this.#farewell ?? {};
    this.parts.sender.pause();
    this.#state = 'leaving';
    this.#send({ type: 'bye', ...(sleepSec === undefined ? {} : { sleepSec }) });
    this.#setTimer(byeTimeoutMs, () => this.drop({ kind: 'hub-silent' }));
  }

  #leave(): void {
    const { sleepSec, cancelPatience } = this.#farewell ?? {};
    cancelPatience?.();
    this.#farewell = undefined;
    this.#stopTimers();
    this.#output = [];
    this.parts.sender.sessionEnded();
    this.#state = sleepSec === undefined ? 'idle' : 'waiting';
    if (sleepSec !== undefined) this.#setTimer(sleepSec * 1000, () => this.#connect());
    this.#settings.emit('left', this.#isDone);
  }

  #send(frame: DeviceFrame): void {
    if (frame.type !== 'hello' && !this.isOpen && this.#state !== 'leaving') return;
    this.parts.sender.took();
    this.#output.push(this.#codec.write(frame));
    this.#settings.emit('sent', frame);
    this.#settings.changed();
  }

  #setTimer(ms: number, run: () => void): void {
    this.#cancelTimer?.();
    this.#cancelTimer = this.parts.agenda.after(ms, run);
  }

  #stopTimers(): void {
    this.#cancelTimer?.();
    this.parts.heartbeat.stop();
  }
}
