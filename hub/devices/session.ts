import { deviceFrameChecks, limits, renderValue } from '../../schemas/index.ts';
import type {
  ByeFrame,
  CloseReason,
  DeviceType,
  DeviceTypeCatalog,
  FieldError,
  HeartbeatFrame,
  HelloFrame,
  HubFrame,
  NackCode,
  ProgressFrame,
  ReceivedFrame,
  ResultFrame,
} from '../../schemas/index.ts';
import type { CommandEvents, CommandPeer } from '../commands/peer.ts';
import { messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { Cancel, Clock } from '../kernel/time.ts';
import type { Ingest, Refusal } from '../telemetry/ingest.ts';
import type { AckSchedule } from './ack-schedule.ts';
import { decodeFrame } from './frame-decoder.ts';
import { Intake } from './intake.ts';
import type { Liveness, Watch } from './liveness.ts';
import { commandOf, isSeq, nack } from './nack.ts';
import { Outbox, defaultOutboxLimits } from './outbox.ts';
import type { DeviceSocket } from './outbox.ts';
import type { LinkTiming, PresenceKeeper, WatchedLink } from './presence-keeper.ts';
import { RateLimit } from './rate-limit.ts';
import type { DeviceRecord } from './device-store.ts';
import type { OpenedSession, Registry } from './registry.ts';

export interface SessionOptions {
  ackDelayMs: number;
  inFlight: number;
  messagesPerSec: number;
  backoffMaxMs: number;
}

/** Plain integers shared by all sessions. */
export interface SessionCounters {
  frames: number;
  undecodable: number;
  welcomes: number;
  noticesDropped: number;
  exceptions: number;
  nacks: Record<string, number>;
  closes: Record<string, number>;
}

export function newSessionCounters(): SessionCounters {
  return { frames: 0, undecodable: 0, welcomes: 0, noticesDropped: 0, exceptions: 0, nacks: {}, closes: {} };
}

export interface SessionDeps {
  clock: Clock;
  log: Log;
  liveness: Liveness;
  catalog: DeviceTypeCatalog;
  ingest: Ingest;
  acks: AckSchedule;
  presence: PresenceKeeper;
  registry: Registry;
  commands: CommandEvents;
  /** Told after the welcome. */
  opened: (session: Session) => void;
  counters: SessionCounters;
  options: SessionOptions;
}

/** How long a goodbye waits for the store, ms; then it closes unacked, and the device keeps its readings. */
const byeMs = 10_000;

/**
 * One connected device, from the upgrade to the close:
 *
 *   new ── valid hello ──▶ opening ── epoch and anchor on disk ──▶ open ── bye, close, takeover ──▶ ended
 *
 * It decodes frames and hands them on: data frames to the intake, command frames to the dispatcher, signs of
 * life to presence. It holds no rule of theirs.
 */
export class Session implements WatchedLink, CommandPeer {
  readonly #deps: SessionDeps;
  readonly #record: DeviceRecord;
  readonly #outbox: Outbox;
  /** The one timer of a session: it waits for the hello, later for the end of a goodbye. */
  #cancelTimer: Cancel;
  #phase: 'new' | 'opening' | 'open' | 'ended' = 'new';
  #undecodableInRow = 0;
  #type: DeviceType | undefined;
  #hello: HelloFrame | undefined;
  #intake: Intake | undefined;
  #watch: Watch | undefined;
  #timing: LinkTiming = { heartbeatMs: 0, graceMs: 0 };
  epoch = 0;
  pongAt = 0;

  constructor(deps: SessionDeps, record: DeviceRecord, socket: DeviceSocket) {
    this.#deps = deps;
    this.#record = record;
    this.#outbox = new Outbox(socket, defaultOutboxLimits, () => this.#overflowed());
    this.#cancelTimer = deps.clock.after(limits.helloSec * 1000, () => this.close('no-hello'));
  }

  get deviceId(): string {
    return this.#record.id;
  }

  get boot(): string {
    return this.#hello?.boot ?? '';
  }

  get firmware(): string | undefined {
    return this.#hello?.firmware;
  }

  get persistsCommands(): boolean {
    return this.#hello?.persistsCommands === true;
  }

  get type(): DeviceType {
    if (this.#type === undefined) throw new Error('the session has no device type before its hello');
    return this.#type;
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
      this.#deps.counters.exceptions += 1;
      this.#deps.log.error({ device: this.deviceId, err: error }, `frame not handled: ${messageOf(error)}`);
      this.close('overloaded');
    }
  }

  binary(): void {
    this.close('binary-frame');
  }

  pong(): void {
    this.pongAt = this.#deps.liveness.now;
  }

  ping(): void {
    this.#outbox.ping();
  }

  /** Neither frames nor pongs came: the link is dead. */
  silent(): void {
    this.close('link-lost');
  }

  send(frame: HubFrame): boolean {
    if (frame.type === 'nack') this.#countNack(frame.code);
    return this.#outbox.send(frame);
  }

  /** A message pushed to the device; the only frame that may be dropped. @returns whether it was sent. */
  notice(text: string): boolean {
    if (this.#phase !== 'open') return false;
    if (!this.#outbox.congested && this.#outbox.sendText(text)) return true;
    this.#deps.counters.noticesDropped += 1;
    return false;
  }

  /** A newer session of the device took over: what this one still sends does not count. */
  replaced(): void {
    this.close('replaced');
  }

  /** Closes from the hub's side; the session ends at once, the socket when the device answers. */
  close(reason: CloseReason): void {
    if (!this.#outbox.closed) this.#countClose(reason);
    this.#outbox.close(reason);
    this.#end(reason === 'replaced');
  }

  /** The socket is gone. */
  closed(): void {
    this.#outbox.ended();
    this.#end(false);
  }

  /** The outbox closed itself. Ends after whoever was sending has learnt that its frame did not fit. */
  #overflowed(): void {
    this.#countClose('slow-reader');
    queueMicrotask(() => this.#end(false));
  }

  #end(replaced: boolean): void {
    if (this.#phase === 'ended') return;
    const wasOpen = this.#phase === 'open';
    this.#phase = 'ended';
    this.#cancelTimer();
    this.#intake?.end();
    this.#deps.registry.sessionEnded(this);
    if (!wasOpen) return;
    // Sockets and timers call this too: what throws here has nobody above to catch it.
    this.#guarded(() => this.#deps.commands.sessionClosed(this));
    if (!replaced) this.#guarded(() => this.#deps.presence.closed(this.deviceId, this));
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
    const decoded = decodeFrame(text);
    if (decoded.kind === 'undecodable') {
      this.#undecodable(decoded.error);
      return;
    }
    this.#undecodableInRow = 0;
    const { frame } = decoded;
    if (this.#phase !== 'open') {
      this.#beforeOpen(frame);
      return;
    }
    this.#alive();
    switch (frame['type']) {
      case 'telemetry':
      case 'event':
        this.#intake?.take(frame, frame['type']);
        return;
      case 'heartbeat':
        if (this.#valid('heartbeat', frame)) this.#heartbeat(frame as unknown as HeartbeatFrame);
        return;
      case 'received':
        if (!this.#valid('received', frame)) return;
        this.#deps.commands.received(this, (frame as unknown as ReceivedFrame).re);
        return;
      case 'progress':
        if (this.#valid('progress', frame))
          this.#deps.commands.progress(this, frame as unknown as ProgressFrame);
        return;
      case 'result':
        if (this.#valid('result', frame)) this.#deps.commands.result(this, frame as unknown as ResultFrame);
        return;
      case 'bye':
        if (this.#valid('bye', frame)) this.#bye(frame as unknown as ByeFrame);
        return;
      default:
        this.#unsupported(frame);
    }
  }

  #alive(): void {
    const watch = this.#watch;
    if (watch === undefined) return;
    if (watch.lapsed) this.#watch = this.#deps.presence.heardAgain(this.deviceId, this, this.#timing);
    else watch.heardAt = this.#deps.liveness.now;
  }

  #undecodable(error: FieldError): void {
    this.#deps.counters.undecodable += 1;
    this.#undecodableInRow += 1;
    if (this.#phase === 'open') this.#alive();
    this.#refuse({ code: 'schema', errors: [error] });
    if (this.#undecodableInRow >= limits.undecodable) this.close('undecodable');
  }

  #beforeOpen(frame: Record<string, unknown>): void {
    if (frame['type'] !== 'hello' || this.#phase !== 'new') {
      const { seq } = frame;
      this.#refuse({ code: 'not-open' }, isSeq(seq) ? { seq } : commandOf(frame));
      return;
    }
    if (!this.#valid('hello', frame)) return;
    const hello = frame as unknown as HelloFrame;
    const type = this.#deps.catalog.get(hello.deviceType);
    if (type === undefined || typeName(this.#record.type) !== type.name) {
      const expected =
        type === undefined ? 'a device type the hub has' : `a version of ${typeName(this.#record.type)}`;
      const error: FieldError = {
        path: '/deviceType',
        keyword: 'enum',
        expected,
        got: renderValue(hello.deviceType),
        in: 'frame',
      };
      this.#refuse({ code: 'unsupported', errors: [error] });
      this.close('unsupported-type');
      return;
    }
    this.#phase = 'opening';
    this.#cancelTimer();
    this.#type = type;
    this.#hello = hello;
    this.#deps.registry
      .openSession(this, hello)
      .then((opened) => this.#welcome(hello, type, opened))
      .catch((error: unknown) => {
        this.#deps.counters.exceptions += 1;
        this.#deps.log.error({ device: this.deviceId, err: error }, 'session not opened');
        this.close('overloaded');
      });
  }

  #welcome(hello: HelloFrame, type: DeviceType, opened: OpenedSession): void {
    if (this.#phase !== 'opening') return;
    const { clock, ingest, acks, counters, presence, commands, options } = this.#deps;
    const { heartbeatSec, graceSec } = heartbeatOf(hello, type);
    this.#phase = 'open';
    this.epoch = opened.epoch;
    this.#timing = { heartbeatMs: heartbeatSec * 1000, graceMs: graceSec * 1000 };
    this.#intake = new Intake({
      ingest,
      acks,
      outbox: this.#outbox,
      channel: ingest.openChannel(this.#record, type, hello.boot, opened.anchors),
      rate: new RateLimit(clock, options.messagesPerSec),
      inFlight: options.inFlight,
      fail: (reason) => this.close(reason),
      countNack: (code) => this.#countNack(code),
    });
    counters.welcomes += 1;
    this.send({
      type: 'welcome',
      epoch: opened.epoch,
      t1: hello.t1,
      now: clock.now(),
      heartbeatSec,
      graceSec,
      ackDelayMs: options.ackDelayMs,
      backoffMaxMs: options.backoffMaxMs,
      limits: {
        frameBytes: limits.frameBytes,
        samples: limits.samples,
        inFlight: options.inFlight,
        messagesPerSec: options.messagesPerSec,
      },
    });
    this.#watch = presence.opened(this.deviceId, this, {
      ...this.#timing,
      epoch: opened.epoch,
      replaced: opened.replaced,
    });
    commands.sessionOpened(this, hello.unresolved ?? []);
    this.#deps.opened(this);
  }

  #heartbeat(frame: HeartbeatFrame): void {
    const now = this.#deps.clock.now();
    this.send({ type: 'heartbeat', t1: frame.t1, t2: now, t3: now });
  }

  /** Settles what is under way, acks at once, closes 1000; a store that is away does not hold it for ever. */
  #bye(frame: ByeFrame): void {
    this.#deps.presence.bye(this.deviceId, frame.sleepSec, this.#timing.graceMs);
    this.#cancelTimer();
    this.#cancelTimer = this.#deps.clock.after(byeMs, () => {
      this.#intake?.flushAck();
      this.close('bye');
    });
    this.#intake?.finish(() => this.close('bye'));
  }

  #unsupported(frame: Record<string, unknown>): void {
    const got = renderValue(frame['type']);
    const expected = `one of ${Object.keys(deviceFrameChecks).join(', ')}`;
    const refusal: Refusal = {
      code: 'unsupported',
      errors: [{ path: '/type', keyword: 'enum', expected, got, in: 'frame' }],
    };
    const { seq } = frame;
    if (isSeq(seq)) this.#intake?.refuseSeq(seq, refusal);
    else this.#refuse(refusal, commandOf(frame));
  }

  #valid(type: keyof typeof deviceFrameChecks, frame: Record<string, unknown>): boolean {
    const fault = deviceFrameChecks[type](frame);
    if (fault === undefined) return true;
    this.#refuse({ code: 'schema', errors: [fault] }, commandOf(frame));
    return false;
  }

  #refuse(refusal: Refusal, answers: { seq?: number; re?: string } = {}): void {
    this.send({ ...nack(refusal), ...answers });
  }

  #countNack(code: NackCode): void {
    const { nacks } = this.#deps.counters;
    nacks[code] = (nacks[code] ?? 0) + 1;
  }

  #countClose(reason: CloseReason): void {
    const { closes } = this.#deps.counters;
    closes[reason] = (closes[reason] ?? 0) + 1;
  }
}

/** `env-sensor@1` → `env-sensor`. A device may move between versions of its type, not between types. */
function typeName(deviceType: string): string {
  return deviceType.slice(0, deviceType.lastIndexOf('@'));
}

/** The device's own wish for its heartbeat wins; grace then is half of it, as for a type that names none. */
function heartbeatOf(hello: HelloFrame, type: DeviceType): DeviceType['presence'] {
  const { heartbeatSec = type.presence.heartbeatSec } = hello;
  return heartbeatSec === type.presence.heartbeatSec
    ? type.presence
    : { heartbeatSec, graceSec: heartbeatSec / 2 };
}
