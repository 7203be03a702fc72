import type { ClockQuality } from '../../schemas/api/devices.ts';
import type { FrameAnswer } from '../registry/frame-session.ts';
import type {
  ByeFrame,
  DeviceFrame,
  DeviceType,
  HeartbeatFrame,
  ReportedFrame,
  UpdateStatusFrame,
} from '../../schemas/index.ts';
import type { DeviceRecord, StoredOpening } from '../registry/device-store.ts';
import type { FrameRefusal } from '../telemetry/frame-verdict.ts';
import { stepAnchor } from './anchor-step.ts';
import { DataFrames, hasData } from './data-frames.ts';
import { DeviceClock } from './device-clock.ts';
import type { DeviceSession } from './device-session.ts';
import type { SeqRange } from './early-frames.ts';
import type { ReadFrame, SampleFaults, UncheckedFrame } from './frames/frame-decoder.ts';
import type { AcceptedHello } from './hello.ts';
import { isSeq, namedBy, schemaFault, targetOf, unknownType } from './nack.ts';
import type { Outbox } from './outbox.ts';
import type { RateLimit } from './rate-limit.ts';
import type { ReportedClock } from './reported-clock.ts';
import type { SessionDeps } from './session-deps.ts';
import type { SessionNacks } from './session-nacks.ts';
import type { SignsOfLife } from './signs-of-life.ts';

type InvalidFrame = Extract<ReadFrame, { kind: 'invalid' }>;

/** The open session, and what belongs to it. */
export interface OpenParts {
  session: DeviceSession;
  record: DeviceRecord;
  outbox: Outbox;
  rate: RateLimit;
  nacks: SessionNacks;
  life: SignsOfLife;
  reportedClock: ReportedClock;
  /** Seqs nacked before the session was open. */
  refusedEarly: readonly SeqRange[];
  /** The device has said goodbye. */
  left: (bye: ByeFrame) => void;
}

/** What the device of an open session sends, frame by frame: each goes to its feature, whose rules are not here. */
export class OpenFrames {
  readonly #deps: SessionDeps;
  readonly #parts: OpenParts;
  readonly #clock: DeviceClock;
  readonly data: DataFrames;

  constructor(deps: SessionDeps, parts: OpenParts, { hello, type }: AcceptedHello, stored: StoredOpening) {
    const { ingest, acks, options } = deps;
    const { session, record, outbox, rate, nacks, refusedEarly } = parts;
    this.#deps = deps;
    this.#parts = parts;
    const channel = ingest.openChannel(record, type, hello.boot, stored.anchors, stored.steps);
    this.#clock = new DeviceClock(ingest.anchorOf(channel, hello.t1), hello.t1);
    this.data = new DataFrames({
      ingest,
      acks,
      outbox,
      channel,
      rate,
      inFlight: options.inFlight,
      refusedEarly,
      fail: (reason) => session.close(reason),
      nacked: (frame, stream) => nacks.note(frame, stream),
    });
  }

  get clock(): ClockQuality {
    return this.#clock.quality;
  }

  /** As the device last said, ms. */
  get uptimeMs(): number {
    return this.#clock.uptimeMs;
  }

  take(frame: DeviceFrame, spoilt: SampleFaults | undefined, size: number): void {
    const { commands } = this.#deps;
    const { session } = this.#parts;
    switch (frame.type) {
      case 'telemetry':
      case 'event':
      case 'log':
        this.#parts.life.data();
        this.data.take(frame, size, spoilt);
        return;
      case 'heartbeat':
        this.#heartbeat(frame);
        return;
      case 'received':
        commands.received(session, frame.re);
        return;
      case 'progress':
        commands.progress(session, frame);
        return;
      case 'result':
        commands.result(session, frame);
        return;
      case 'reported':
        void this.#reported(frame);
        return;
      case 'update-status':
        void this.#updateStatus(frame);
        return;
      case 'bye':
        this.#parts.left(frame);
        return;
      case 'hello':
        this.refuse(frame, unknownType(frame));
    }
  }

  /** One that the schema of its type refuses. */
  takeInvalid({ type, frame, fault, ending }: InvalidFrame, size: number): void {
    if (hasData(type)) {
      this.#parts.life.data();
      this.data.refuse(frame, fault, size);
    } else if (type === 'hello') this.refuse(frame, unknownType(frame));
    else if (ending !== undefined) this.#deps.commands.result(this.#parts.session, ending, fault);
    else this.#parts.nacks.refuse(schemaFault(fault), namedBy(frame));
  }

  /** A frame of any type, as a whole. */
  refuse(frame: UncheckedFrame, refusal: FrameRefusal): void {
    const { seq } = frame;
    if (isSeq(seq)) this.data.refuseSeq(seq, refusal);
    else this.#parts.nacks.refuse(refusal, targetOf(frame));
  }

  typeChanged(type: DeviceType): void {
    const { boot, anchors, steps } = this.data.channel;
    this.data.typeChanged(this.#deps.ingest.openChannel(this.#parts.record, type, boot, anchors, steps));
  }

  async #reported(frame: ReportedFrame): Promise<void> {
    this.#answer(frame.id, await this.#deps.twins.reported(this.#parts.session, frame));
  }

  async #updateStatus(frame: UpdateStatusFrame): Promise<void> {
    this.#answer(frame.re, await this.#deps.updates.updateStatus(this.#parts.session, frame));
  }

  /** Acked once it is on disk. */
  #answer(re: string, answer: FrameAnswer): void {
    const { session, nacks } = this.#parts;
    if (!session.isOpen) return;
    if (answer.kind === 'taken') session.send({ type: 'ack', re });
    else nacks.refuse(answer.refusal, { re });
  }

  #heartbeat(frame: HeartbeatFrame): void {
    const { clock, hubClock } = this.#deps;
    const { session, reportedClock } = this.#parts;
    const now = reportedClock.report(clock);
    session.send({ type: 'heartbeat', t1: frame.t1, t2: now, t3: now });
    if (frame.clock !== undefined) hubClock.reportedByDevice(session.deviceId, frame.clock);
    // While the hub's clock is in doubt, a difference from it does not mean that the device's clock drifts.
    if (hubClock.unusable) return this.#clock.beat(frame.t1);
    const anchorMs = this.#clock.heartbeat(frame.t1, frame.clock, now);
    if (anchorMs !== undefined)
      stepAnchor(this.#deps, session, { upMs: frame.t1, anchorMs }, () => this.data.channel);
  }
}
