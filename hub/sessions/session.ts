import { closeReasons, limits } from '../../schemas/index.ts';
import type { ClockQuality } from '../../schemas/api/devices.ts';
import type {
  ByeFrame,
  CloseReason,
  DesiredState,
  DeviceType,
  FieldError,
  HelloFrame,
  HubFrame,
} from '../../schemas/index.ts';
import { messageOf } from '../kernel/errors.ts';
import { withoutUndefined } from '../kernel/without-undefined.ts';
import type { Cancel } from '../../schemas/time/clock.ts';
import type { FrameRefusal } from '../telemetry/frame-verdict.ts';
import type { Claimant } from './clone-guard.ts';
import { codecOf, type FrameCodec, type Message } from './frames/frame-codec.ts';
import type { ReadFrame } from './frames/frame-decoder.ts';
import { judgeHello, welcomeFrame, type AcceptedHello } from './hello.ts';
import { mayOpen } from './clone-verdict.ts';
import { isData } from './data-frames.ts';
import { EarlyFrames } from './early-frames.ts';
import type { DeviceFrames } from './frames/frame-log.ts';
import { namedBy, schemaFault, targetOf, unknownType } from './nack.ts';
import { Outbox, defaultOutboxLimits, type DeviceSocket } from './outbox.ts';
import type { Marks } from '../../schemas/api/presence.ts';
import type { WatchedLink } from '../presence/watched-link.ts';
import { RateLimit } from './rate-limit.ts';
import type { DeviceRecord, StoredOpening } from '../registry/device-store.ts';
import type { DeviceSession } from './device-session.ts';
import { countClose } from './session-counters.ts';
import type { SessionDeps } from './session-deps.ts';
import { ReportedClock } from './reported-clock.ts';
import { OpenFrames, type OpenParts } from './open-frames.ts';
import { SessionEnding, type SessionEnd } from './session-ending.ts';
import { SessionNacks } from './session-nacks.ts';
import { SignsOfLife } from './signs-of-life.ts';

type DecodedFrame = Exclude<ReadFrame, { kind: 'undecodable' }>;

/** A goodbye waits at most this long for the store, ms. Then the session closes without the ack, and the device keeps its readings. */
const byeMs = 10_000;

/**
 * One connected device, from the upgrade to the close:
 *
 *   new ── valid hello ──▶ opening ── epoch and anchor on disk ──▶ open ── bye, close, takeover ──▶ ended
 *
 * It judges the hello, holds what comes too early, and hands the frames of an open session to `OpenFrames`.
 * `SessionEnding` notifies the others of its end.
 */
export class Session implements WatchedLink, DeviceSession {
  readonly #deps: SessionDeps;
  readonly #record: DeviceRecord;
  readonly #outbox: Outbox;
  readonly #frames: DeviceFrames;
  readonly #codec: FrameCodec;
  /** The only timer of a session. It waits for the hello, and later for the end of a goodbye. */
  #cancelTimer: Cancel = () => undefined;
  #phase: 'new' | 'opening' | 'open' | 'ended' = 'new';
  readonly #rate: RateLimit;
  #undecodableInRow = 0;
  readonly #early: EarlyFrames;
  readonly #nacks: SessionNacks;
  readonly #life: SignsOfLife;
  readonly #ending: SessionEnding;
  #accepted: AcceptedHello | undefined;
  /** While it is open, and after that for what was under way. */
  #open: OpenFrames | undefined;
  /** The device has said goodbye, or the hub drains. */
  #leaving = false;
  epoch = 0;
  readonly reportedClock = new ReportedClock();
  readonly address: string;

  constructor(deps: SessionDeps, record: DeviceRecord, socket: DeviceSocket, address: string) {
    this.#deps = deps;
    this.#record = record;
    this.address = address;
    this.#early = new EarlyFrames(deps.options.inFlight);
    this.#rate = new RateLimit(deps.clock, deps.options);
    this.#codec = codecOf(socket.protocol);
    this.#frames = deps.sessions.frames.of(record.id);
    this.#outbox = new Outbox(socket, defaultOutboxLimits, deps.liveness, this.#frames, () =>
      this.#overflowed(),
    );
    this.#nacks = new SessionNacks(deps, this.#outbox, record.id);
    this.#life = new SignsOfLife(deps.liveness);
    this.#ending = new SessionEnding(deps, this);
  }

  /** The upgrade is done: the device has `helloSec` seconds to say hello. */
  start(): void {
    this.#frames.connected(this.address);
    this.#deps.deviceEvents.record(this.deviceId, { kind: 'connected', address: this.address });
    this.#cancelTimer = this.#deps.clock.after(limits.helloSec * 1000, () => this.close('no-hello'));
  }

  get deviceId(): string {
    return this.#record.id;
  }

  get boot(): string {
    return this.#accepted?.hello.boot ?? '';
  }

  get firmware(): string | undefined {
    return this.#accepted?.hello.firmware;
  }

  get persistsCommands(): boolean {
    return this.#accepted?.hello.persistsCommands === true;
  }

  get type(): DeviceType {
    if (this.#accepted === undefined) throw new Error('the session has no device type before its hello');
    return this.#accepted.type;
  }

  get clock(): ClockQuality | undefined {
    return this.#open?.clock;
  }

  get anchored(): boolean {
    return this.#open?.data.channel.anchors.has(this.boot) === true;
  }

  get isOpen(): boolean {
    return this.#phase === 'open';
  }

  text(text: string): void {
    this.#message(text, this.#codec.binary ? 'text-frame' : undefined);
  }

  /** @param bytes are not kept */
  binary(bytes: Uint8Array): void {
    this.#message(bytes, this.#codec.binary ? undefined : 'binary-frame');
  }

  /** Nothing that a device sends may end the process: an unexpected fault ends its session. */
  #message(message: Message, notTaken: CloseReason | undefined): void {
    if (this.#phase === 'ended') return;
    this.#frames.received(message);
    if (notTaken !== undefined) {
      this.close(notTaken);
      return;
    }
    this.#deps.counters.frames += 1;
    try {
      this.#receive(message);
    } catch (error) {
      this.#broke(error, `frame not handled: ${messageOf(error)}`);
    }
  }

  /** `ws` answers pings. Too many pings count like too many frames. */
  pinged(): void {
    if (this.#rate.takeOther() === 'abuse') this.close('rate-abuse');
  }

  pong(): void {
    this.pinged();
    this.#life.pong();
  }

  get outbox(): Outbox {
    return this.#outbox;
  }

  get pongAt(): number {
    return this.#life.pongAt;
  }

  marks(): Marks {
    return this.#life.marks(this.#deps.clock);
  }

  /** Neither frames nor pongs came: the link is dead. */
  silent(): void {
    this.close('link-lost');
  }

  takenOver(): void {
    this.close('replaced');
  }

  send(frame: HubFrame): boolean {
    return this.#nacks.send(frame);
  }

  notice(text: string): boolean {
    if (this.#phase !== 'open') return false;
    if (!this.#outbox.congested && this.#outbox.sendText(text)) return true;
    this.#deps.counters.noticesDropped += 1;
    return false;
  }

  typeChanged(type: DeviceType): void {
    if (this.#accepted === undefined || this.#open === undefined) return;
    this.#accept({ ...this.#accepted, type });
    this.#open.typeChanged(type);
  }

  replaced({ address, boot }: Claimant): void {
    this.#deps.deviceEvents.record(this.deviceId, { kind: 'replaced', address, boot });
    this.close('replaced');
  }

  drain(slotMs: number): void {
    if (this.#phase !== 'open') {
      this.close('draining', slotMs);
      return;
    }
    if (this.#leaving) return;
    this.#leaving = true;
    const { clock, presence, deviceEvents } = this.#deps;
    const slotAtMs = clock.now() + slotMs;
    deviceEvents.record(this.deviceId, { kind: 'drained', slotMs });
    this.send({ type: 'drain', reconnectAfterMs: Math.round(slotMs), reason: 'the hub is stopping' });
    presence.draining(this.deviceId, slotAtMs);
    this.#open?.data.finish(() => this.close('draining', Math.max(0, slotAtMs - clock.now())));
  }

  close(reason: CloseReason, retryAfterMs?: number): void {
    // The session will not open, so the frames behind the hello are refused.
    for (const { seq } of this.#early.takeAll()) this.#nacks.refuse({ code: 'not-open' }, { seq });
    this.#outbox.close(reason, retryAfterMs);
    this.#closedByHub(reason);
  }

  /** The device broke the WebSocket protocol itself: the socket is closing already. */
  fault(reason: CloseReason): void {
    this.#outbox.ended();
    this.#closedByHub(reason);
  }

  /** The socket is gone. @param code of the device's close frame, 1006 when there was none (RFC 6455 §7.1.5) */
  closed(code: number, reason: string): void {
    this.#outbox.ended();
    this.#end({ by: code === 1006 ? 'link' : 'device', code, reason, replaced: false });
  }

  /** The outbox closed itself. The session ends after the sender has learnt that its frame did not fit. */
  #overflowed(): void {
    countClose(this.#deps.counters, 'slow-reader');
    queueMicrotask(() => this.#endedByHub('slow-reader'));
  }

  #closedByHub(reason: CloseReason): void {
    if (this.#phase === 'ended') return;
    if (reason === 'rate-abuse') this.#deps.sessions.shutOut(this.deviceId);
    countClose(this.#deps.counters, reason);
    this.#endedByHub(reason);
  }

  #endedByHub(reason: CloseReason): void {
    this.#end({ by: 'hub', code: closeReasons[reason], reason, replaced: reason === 'replaced' });
  }

  #end(end: SessionEnd): void {
    const before = this.#phase;
    if (before === 'ended') return;
    this.#phase = 'ended';
    this.#frames.closed(end.by, end.code, end.reason);
    this.#cancelTimer();
    this.#open?.data.end();
    this.#ending.ended(before, end, this.#open?.uptimeMs ?? 0);
  }

  #broke(error: unknown, what: string): void {
    this.#deps.counters.exceptions += 1;
    this.#deps.log.error({ device: this.deviceId, err: error }, what);
    this.close('overloaded');
  }

  #receive(message: Message): void {
    const parsed = this.#codec.read(message, this.#accepted?.streams);
    if (parsed.kind === 'bad-utf8') return this.close('bad-utf8');
    if (!this.#isWithinRate(parsed, message.length)) return;
    if (parsed.kind === 'undecodable') return this.#undecodable(parsed.error);
    this.#undecodableInRow = 0;
    const open = this.#open;
    if (this.#phase !== 'open' || open === undefined) {
      this.#beforeOpen(parsed, message);
      return;
    }
    this.#alive();
    if (parsed.kind === 'frame') open.take(parsed.frame, parsed.spoilt, message.length);
    else if (parsed.kind === 'invalid') open.takeInvalid(parsed, message.length);
    else open.refuse(parsed.frame, unknownType(parsed.frame));
  }

  /** Data frames of an open session have rates of their own. */
  #isWithinRate(parsed: ReadFrame, size: number): boolean {
    if (this.#phase === 'open' && !this.#leaving && isData(parsed)) return true;
    const rate = this.#rate.takeOther(size);
    if (rate === 'within') return true;
    this.#alive();
    const frame = parsed.kind === 'undecodable' ? {} : parsed.frame;
    if (rate === 'abuse') this.close('rate-abuse');
    else {
      const refusal: FrameRefusal = { code: 'rate', retryAfterMs: this.#rate.retryAfterMs };
      if (this.#open === undefined) this.#nacks.refuse(refusal, targetOf(frame));
      else this.#open.refuse(frame, refusal);
    }
    return false;
  }

  #alive(): void {
    const { watch } = this.#life;
    if (watch === undefined) return;
    watch.heardAt = this.#deps.liveness.now;
    if (watch.attention) this.#life.watch = this.#deps.presence.heardAgain(this.deviceId, this, watch);
  }

  #undecodable(error: FieldError): void {
    this.#deps.counters.undecodable += 1;
    this.#undecodableInRow += 1;
    if (this.#phase === 'open') this.#alive();
    this.#nacks.refuse(schemaFault(error));
    if (this.#undecodableInRow >= limits.undecodable) this.close('undecodable');
  }

  #beforeOpen(parsed: DecodedFrame, message: Message): void {
    const { kind, frame } = parsed;
    if (this.#phase === 'new' && frame.type === 'hello') {
      if (kind === 'frame') this.#hello(frame);
      else if (kind === 'invalid') this.#nacks.refuse(schemaFault(parsed.fault), namedBy(frame));
      return;
    }
    const target = targetOf(frame);
    if (this.#phase === 'opening' && this.#early.hold(message, target.seq)) return;
    this.#early.noteRefused(target.seq);
    this.#nacks.refuse({ code: 'not-open' }, target);
  }

  #hello(frame: HelloFrame): void {
    const judged = judgeHello(frame, this.#record, this.#deps.catalog);
    if (judged.kind === 'refused') {
      this.#nacks.refuse({ code: 'unsupported', errors: [judged.error] });
      this.close('unsupported-type');
    } else if (mayOpen(this.#deps, this, judged.hello.boot)) this.#takeOver(judged);
  }

  #takeOver(accepted: AcceptedHello): void {
    this.#phase = 'opening';
    this.#cancelTimer();
    this.#accept(accepted);
    const { sessions, twins } = this.#deps;
    const { hello, type } = accepted;
    Promise.all([
      sessions.openSession(this, hello),
      twins.sessionOpening(this.deviceId, type, hello.desiredRev),
    ])
      .then(([opened, desired]) => {
        if (opened.kind === 'opened') this.#welcome(accepted, opened, desired);
        else this.close('overloaded');
      })
      .catch((error: unknown) => this.#broke(error, 'session not opened'));
  }

  #accept(accepted: AcceptedHello): void {
    this.#accepted = accepted;
    this.#nacks.device = { id: this.deviceId, type: accepted.type.id, firmware: this.firmware };
  }

  #welcome(accepted: AcceptedHello, stored: StoredOpening, desired: DesiredState | undefined): void {
    if (this.#phase !== 'opening') return;
    const { clock, counters, presence, commands, twins, updates, options, deviceEvents } = this.#deps;
    const { hello, timing } = accepted;
    const { epoch, unseenBoots } = stored;
    this.#phase = 'open';
    this.epoch = epoch;
    this.#outbox.maxFrameBytes = hello.maxFrame ?? limits.frameBytes;
    this.#open = new OpenFrames(this.#deps, this.#openParts(), accepted, stored);
    counters.welcomes += 1;
    const { boot, firmware } = hello;
    deviceEvents.record(this.deviceId, { kind: 'opened', epoch, boot, firmware, unseenBoots });
    const now = this.reportedClock.report(clock);
    const wanted = withoutUndefined({ desired, update: updates.sessionOpening(this) });
    this.send(welcomeFrame({ epoch, t1: hello.t1, now, ...wanted }, timing, options));
    this.#life.watch = presence.opened(this.deviceId, this, { ...timing, epoch });
    commands.sessionOpened(this);
    twins.sessionOpened(this, hello.desiredRev, desired);
    this.#deps.opened(this);
    for (const { message } of this.#early.takeAll()) if (this.isOpen) this.#receive(message);
  }

  #openParts(): OpenParts {
    return {
      session: this,
      record: this.#record,
      outbox: this.#outbox,
      rate: this.#rate,
      nacks: this.#nacks,
      life: this.#life,
      reportedClock: this.reportedClock,
      refusedEarly: this.#early.refused,
      left: (frame) => this.#bye(frame),
    };
  }

  /** Settles what is under way, acks immediately and closes 1000. A store that is away delays the close by `byeMs` at most. */
  #bye(frame: ByeFrame): void {
    if (this.#leaving) return;
    this.#leaving = true;
    this.#deps.deviceEvents.record(this.deviceId, { kind: 'bye', sleepSec: frame.sleepSec });
    this.#deps.presence.bye(this.deviceId, frame.sleepSec, this.#accepted?.timing.graceMs ?? 0);
    // A device that has said goodbye gets no more commands and desired states, even when its last readings take long to settle.
    this.#ending.endRequests();
    this.#cancelTimer();
    this.#cancelTimer = this.#deps.clock.after(byeMs, () => {
      this.#open?.data.flushAck();
      this.close('bye');
    });
    this.#open?.data.finish(() => this.close('bye'));
  }
}
