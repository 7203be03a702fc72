import { closeReasons, limits } from '../../schemas/index.ts';
import type { ClockQuality } from '../../schemas/api/devices.ts';
import type {
  ByeFrame,
  CloseReason,
  DeviceFrame,
  DeviceType,
  FieldError,
  HeartbeatFrame,
  HelloFrame,
  HubFrame,
  NackFrame,
} from '../../schemas/index.ts';
import { messageOf } from '../kernel/errors.ts';
import type { Cancel } from '../../schemas/time/clock.ts';
import type { FrameRefusal } from '../telemetry/ingest.ts';
import type { Claimant } from './clone-guard.ts';
import {
  parseDeviceFrame,
  type ParsedFrame,
  type SampleFaults,
  type UncheckedFrame,
} from './frame-decoder.ts';
import { stepAnchor } from './anchor-step.ts';
import { DeviceClock } from './device-clock.ts';
import { judgeHello, welcomeFrame, type AcceptedHello } from './hello.ts';
import { noteUptime } from './boot-notes.ts';
import { mayOpen } from './clone-verdict.ts';
import { DataFrames, isData } from './data-frames.ts';
import { EarlyFrames } from './early-frames.ts';
import type { Watch } from '../presence/liveness.ts';
import { commandOf, isSeq, nack, schemaFault, targetOf, unknownType } from './nack.ts';
import { Outbox, defaultOutboxLimits, type DeviceSocket } from './outbox.ts';
import type { Marks } from '../../schemas/api/presence.ts';
import type { Closer } from '../presence/presence.ts';
import type { WatchedLink } from '../presence/presence-keeper.ts';
import { RateLimit } from './rate-limit.ts';
import type { DeviceRecord, StoredOpening } from '../registry/device-store.ts';
import type { DeviceSession } from './device-session.ts';
import { countClose, countLoss } from './session-counters.ts';
import type { SessionDeps } from './session-deps.ts';
import { ReportedClock } from './reported-clock.ts';

type InvalidFrame = Extract<ParsedFrame, { kind: 'invalid' }>;
type DecodedFrame = Exclude<ParsedFrame, { kind: 'undecodable' }>;

/** A goodbye waits at most this long for the store, ms; then it closes unacked, and the device keeps its readings. */
const byeMs = 10_000;

/**
 * One connected device, from the upgrade to the close:
 *
 *   new ── valid hello ──▶ opening ── epoch and anchor on disk ──▶ open ── bye, close, takeover ──▶ ended
 *
 * It decodes frames and hands them on: data frames to `DataFrames`, command frames to the dispatcher, signs of
 * life to presence. It holds no rule of theirs.
 */
export class Session implements WatchedLink, DeviceSession {
  readonly #deps: SessionDeps;
  readonly #record: DeviceRecord;
  readonly #outbox: Outbox;
  /** The one timer of a session: it waits for the hello, later for the end of a goodbye. */
  #cancelTimer: Cancel = () => undefined;
  #phase: 'new' | 'opening' | 'open' | 'ended' = 'new';
  readonly #rate: RateLimit;
  #undecodableInRow = 0;
  readonly #early: EarlyFrames;
  #accepted: AcceptedHello | undefined;
  #dataFrames: DataFrames | undefined;
  #clock: DeviceClock | undefined;
  #watch: Watch | undefined;
  /** It is going away: by its own goodbye, or the hub's. */
  #leaving = false;
  #commandsEnded = false;
  /** Liveness time of the last data frame; 0: none. */
  #dataAt = 0;
  epoch = 0;
  pongAt = 0;
  readonly reportedClock = new ReportedClock();
  readonly address: string;

  constructor(deps: SessionDeps, record: DeviceRecord, socket: DeviceSocket, address: string) {
    this.#deps = deps;
    this.#record = record;
    this.address = address;
    this.#early = new EarlyFrames(deps.options.inFlight);
    this.#rate = new RateLimit(deps.clock, deps.options);
    this.#outbox = new Outbox(socket, defaultOutboxLimits, deps.liveness, () => this.#overflowed());
  }

  /** The upgrade is done: the device has `helloSec` seconds to say hello. */
  start(): void {
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
    return this.#clock?.quality;
  }

  get anchored(): boolean {
    return this.#dataFrames?.channel.anchors.has(this.boot) === true;
  }

  get isOpen(): boolean {
    return this.#phase === 'open';
  }

  /** A text frame. Nothing a device sends may end the process: what was not foreseen ends its session. */
  text(text: string): void {
    if (this.#phase === 'ended') return;
    this.#deps.counters.frames += 1;
    try {
      this.#receive(text);
    } catch (error) {
      this.#broke(error, `frame not handled: ${messageOf(error)}`);
    }
  }

  binary(): void {
    this.close('binary-frame');
  }

  /** A ping is answered without us; too many of them are as bad as too many frames. */
  pinged(): void {
    if (this.#rate.takeOther() === 'abuse') this.close('rate-abuse');
  }

  pong(): void {
    this.pinged();
    this.pongAt = this.#deps.liveness.now;
  }

  get outbox(): Outbox {
    return this.#outbox;
  }

  marks(): Marks {
    const { clock, liveness } = this.#deps;
    const nowMs = clock.now();
    const at = (livenessMs: number): number => Math.round(nowMs - (liveness.now - livenessMs));
    return {
      ...(this.pongAt === 0 ? {} : { pongMs: at(this.pongAt) }),
      frameMs: at(this.#watch?.heardAt ?? liveness.now),
      ...(this.#dataAt === 0 ? {} : { dataMs: at(this.#dataAt) }),
    };
  }

  /** Neither frames nor pongs came: the link is dead. */
  silent(): void {
    this.close('link-lost');
  }

  send(frame: HubFrame): boolean {
    if (frame.type === 'nack') this.#nacked(frame);
    return this.#outbox.send(frame);
  }

  notice(text: string): boolean {
    if (this.#phase !== 'open') return false;
    if (!this.#outbox.congested && this.#outbox.sendText(text)) return true;
    this.#deps.counters.noticesDropped += 1;
    return false;
  }

  typeChanged(type: DeviceType): void {
    const dataFrames = this.#dataFrames;
    if (dataFrames === undefined) return;
    if (this.#accepted !== undefined) this.#accepted = { ...this.#accepted, type };
    const { boot, anchors, steps } = dataFrames.channel;
    dataFrames.typeChanged(this.#deps.ingest.openChannel(this.#record, type, boot, anchors, steps));
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
    this.#dataFrames?.finish(() => this.close('draining', Math.max(0, slotAtMs - clock.now())));
  }

  close(reason: CloseReason, retryAfterMs?: number): void {
    // It does not open: what came behind the hello was not taken.
    for (const { seq } of this.#early.takeAll()) this.#refuse({ code: 'not-open' }, { seq });
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
    this.#end({ by: code === 1006 ? 'link' : 'device', code, reason }, false);
  }

  /** The outbox closed itself. Ends after whoever was sending has learnt that its frame did not fit. */
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
    this.#end({ by: 'hub', code: closeReasons[reason], reason }, reason === 'replaced');
  }

  #end(how: { by: Closer; code: number; reason: string }, replaced: boolean): void {
    if (this.#phase === 'ended') return;
    if (how.by !== 'hub') countLoss(this.#deps.counters, how.code);
    const before = this.#phase;
    this.#phase = 'ended';
    this.#cancelTimer();
    this.#dataFrames?.end();
    const tookOverInVain = !this.#deps.sessions.ended(this) && before === 'opening';
    this.#deps.deviceEvents.record(this.deviceId, { kind: 'closed', ...how });
    const { presence, commands } = this.#deps;
    if (tookOverInVain)
      for (const part of [presence, commands])
        this.#guarded(() => part.takeoverFailed(this.deviceId, how.by));
    if (before !== 'open') return;
    noteUptime(this.#deps, this.deviceId, this.boot, this.#clock?.uptimeMs ?? 0);
    // Sockets and timers call this too: what throws here has nobody above to catch it.
    this.#endCommands(replaced);
    if (!replaced) this.#guarded(() => presence.closed(this.deviceId, this, how.by));
  }

  #broke(error: unknown, what: string): void {
    this.#deps.counters.exceptions += 1;
    this.#deps.log.error({ device: this.deviceId, err: error }, what);
    this.close('overloaded');
  }

  #guarded(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#deps.counters.exceptions += 1;
      this.#deps.log.error({ device: this.deviceId, err: error }, 'session not ended well');
    }
  }

  #receive(text: string): void {
    const parsed = parseDeviceFrame(text);
    if (!this.#isWithinRate(parsed, text.length)) return;
    if (parsed.kind === 'undecodable') return this.#undecodable(parsed.error);
    this.#undecodableInRow = 0;
    if (this.#phase !== 'open') {
      this.#beforeOpen(parsed, text);
      return;
    }
    this.#alive();
    if (parsed.kind === 'frame') this.#frame(parsed.frame, parsed.spoilt, text.length);
    else if (parsed.kind === 'invalid') this.#invalid(parsed, text.length);
    else this.#refuseWhole(parsed.frame, unknownType(parsed.frame));
  }

  /** Data frames of an open session have rates of their own. */
  #isWithinRate(parsed: ParsedFrame, size: number): boolean {
    if (this.#phase === 'open' && !this.#leaving && isData(parsed)) return true;
    const rate = this.#rate.takeOther(size);
    if (rate === 'within') return true;
    this.#alive();
    const frame = parsed.kind === 'undecodable' ? {} : parsed.frame;
    if (rate === 'abuse') this.close('rate-abuse');
    else this.#refuseWhole(frame, { code: 'rate', retryAfterMs: this.#rate.retryAfterMs });
    return false;
  }

  #frame(frame: DeviceFrame, spoilt: SampleFaults | undefined, size: number): void {
    const { commands } = this.#deps;
    switch (frame.type) {
      case 'telemetry':
      case 'event':
        this.#dataAt = this.#deps.liveness.now;
        this.#dataFrames?.take(frame, size, spoilt);
        return;
      case 'heartbeat':
        this.#heartbeat(frame);
        return;
      case 'received':
        commands.received(this, frame.re);
        return;
      case 'progress':
        commands.progress(this, frame);
        return;
      case 'result':
        commands.result(this, frame);
        return;
      case 'bye':
        this.#bye(frame);
        return;
      case 'hello':
        this.#refuseWhole(frame, unknownType(frame));
    }
  }

  /** One that the schema of its type refuses, in an open session. */
  #invalid({ type, frame, fault }: InvalidFrame, size: number): void {
    if (type === 'telemetry' || type === 'event') {
      this.#dataAt = this.#deps.liveness.now;
      this.#dataFrames?.refuse(frame, fault, size);
    } else if (type === 'hello') this.#refuseWhole(frame, unknownType(frame));
    else this.#refuse(schemaFault(fault), commandOf(frame));
  }

  #alive(): void {
    const watch = this.#watch;
    if (watch === undefined) return;
    watch.heardAt = this.#deps.liveness.now;
    if (watch.attention) this.#watch = this.#deps.presence.heardAgain(this.deviceId, this, watch);
  }

  #undecodable(error: FieldError): void {
    this.#deps.counters.undecodable += 1;
    this.#undecodableInRow += 1;
    if (this.#phase === 'open') this.#alive();
    this.#refuse(schemaFault(error));
    if (this.#undecodableInRow >= limits.undecodable) this.close('undecodable');
  }

  #beforeOpen(parsed: DecodedFrame, text: string): void {
    const { kind, frame } = parsed;
    if (this.#phase === 'new' && frame.type === 'hello') {
      if (kind === 'frame') this.#hello(frame);
      else if (kind === 'invalid') this.#refuse(schemaFault(parsed.fault), commandOf(frame));
      return;
    }
    const target = targetOf(frame);
    if (this.#phase === 'opening' && this.#early.hold(text, target.seq)) return;
    this.#early.noteRefused(target.seq);
    this.#refuse({ code: 'not-open' }, target);
  }

  #hello(frame: HelloFrame): void {
    const judged = judgeHello(frame, this.#record, this.#deps.catalog);
    if (judged.kind === 'refused') {
      this.#refuse({ code: 'unsupported', errors: [judged.error] });
      this.close('unsupported-type');
    } else if (mayOpen(this.#deps, this, judged.hello.boot)) this.#open(judged);
  }

  #open(accepted: AcceptedHello): void {
    this.#phase = 'opening';
    this.#cancelTimer();
    this.#accepted = accepted;
    this.#deps.sessions
      .openSession(this, accepted.hello)
      .then((opened) => this.#welcome(accepted, opened))
      .catch((error: unknown) => this.#broke(error, 'session not opened'));
  }

  #welcome({ hello, type, timing }: AcceptedHello, { epoch, unseenBoots, ...stored }: StoredOpening): void {
    if (this.#phase !== 'opening') return;
    const { clock, ingest, acks, counters, presence, commands, options, deviceEvents } = this.#deps;
    this.#phase = 'open';
    this.epoch = epoch;
    this.#outbox.maxFrameBytes = hello.maxFrame ?? limits.frameBytes;
    const channel = ingest.openChannel(this.#record, type, hello.boot, stored.anchors, stored.steps);
    this.#clock = new DeviceClock(ingest.anchorOf(channel, hello.t1), hello.t1);
    this.#dataFrames = new DataFrames({
      ingest,
      acks,
      outbox: this.#outbox,
      channel,
      rate: this.#rate,
      inFlight: options.inFlight,
      refusedEarly: this.#early.refused,
      fail: (reason) => this.close(reason),
      nacked: (frame, stream) => this.#nacked(frame, stream),
    });
    counters.welcomes += 1;
    const { boot, firmware } = hello;
    deviceEvents.record(this.deviceId, { kind: 'opened', epoch, boot, firmware, unseenBoots });
    this.send(welcomeFrame({ epoch, t1: hello.t1, now: this.reportedClock.report(clock) }, timing, options));
    this.#watch = presence.opened(this.deviceId, this, { ...timing, epoch });
    commands.sessionOpened(this);
    this.#deps.opened(this);
    for (const { text } of this.#early.takeAll()) if (this.isOpen) this.#receive(text);
  }

  #heartbeat(frame: HeartbeatFrame): void {
    const { clock, hubClock } = this.#deps;
    const now = this.reportedClock.report(clock);
    this.send({ type: 'heartbeat', t1: frame.t1, t2: now, t3: now });
    if (frame.clock !== undefined) hubClock.toldByDevice(this.deviceId, frame.clock);
    // What a doubtful clock says of the device's is no drift.
    if (hubClock.unusable) return this.#clock?.beat(frame.t1);
    const anchorMs = this.#clock?.heartbeat(frame.t1, frame.clock, now);
    if (anchorMs !== undefined)
      stepAnchor(this.#deps, this, { upMs: frame.t1, anchorMs }, () => this.#dataFrames?.channel);
  }

  /** Called at the goodbye and at the end, whichever comes first counts. */
  #endCommands(replaced = false): void {
    if (this.#commandsEnded) return;
    this.#commandsEnded = true;
    this.#guarded(() => this.#deps.commands[replaced ? 'sessionReplaced' : 'sessionClosed'](this));
  }

  /** Settles what is under way, acks at once, closes 1000; a store that is away does not delay the close for more than `byeMs`. */
  #bye(frame: ByeFrame): void {
    if (this.#leaving) return;
    this.#leaving = true;
    this.#deps.deviceEvents.record(this.deviceId, { kind: 'bye', sleepSec: frame.sleepSec });
    this.#deps.presence.bye(this.deviceId, frame.sleepSec, this.#accepted?.timing.graceMs ?? 0);
    // Whoever has said goodbye takes no more commands, however long its last readings take.
    this.#endCommands();
    this.#cancelTimer();
    this.#cancelTimer = this.#deps.clock.after(byeMs, () => {
      this.#dataFrames?.flushAck();
      this.close('bye');
    });
    this.#dataFrames?.finish(() => this.close('bye'));
  }

  #refuseWhole(frame: UncheckedFrame, refusal: FrameRefusal): void {
    const { seq } = frame;
    if (isSeq(seq) && this.#dataFrames !== undefined) this.#dataFrames.refuseSeq(seq, refusal);
    else this.#refuse(refusal, targetOf(frame));
  }

  #refuse(refusal: FrameRefusal, answers: { seq?: number; re?: string } = {}): void {
    this.send({ ...nack(refusal), ...answers });
  }

  #nacked(frame: NackFrame, stream?: string): void {
    const { counters, deviceEvents, nacked } = this.#deps;
    counters.nacks[frame.code] = (counters.nacks[frame.code] ?? 0) + 1;
    if (frame.code === 'rate' || frame.code === 'overloaded')
      deviceEvents.record(this.deviceId, { kind: 'throttled', code: frame.code });
    nacked({ id: this.deviceId, type: this.#accepted?.type.id, firmware: this.firmware }, frame, stream);
  }
}
