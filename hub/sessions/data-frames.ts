import type {
  CloseReason,
  DeviceFrame,
  EventFrame,
  FieldError,
  LogFrame,
  NackFrame,
  TelemetryFrame,
} from '../../schemas/index.ts';
import { cutText } from '../../schemas/cut-text.ts';
import type { FrameOwner } from '../telemetry/batch.ts';
import type { LedgerAccount } from '../telemetry/ledger.ts';
import type { FrameRefusal, FrameVerdict } from '../telemetry/frame-verdict.ts';
import type { Channel, Ingest } from '../telemetry/ingest.ts';
import type { AckOwner, AckSchedule } from './ack-schedule.ts';
import type { ReadFrame, SampleFaults, UncheckedFrame } from './frames/frame-decoder.ts';
import type { SeqRange } from './early-frames.ts';
import { isSeq, nack } from './nack.ts';
import type { Outbox } from './outbox.ts';
import type { RateLimit } from './rate-limit.ts';
import { Settlement } from './settlement.ts';

export type DataFrame = TelemetryFrame | EventFrame | LogFrame;

export interface DataFramesDeps {
  ingest: Ingest;
  acks: AckSchedule;
  outbox: Outbox;
  channel: Channel;
  rate: RateLimit;
  inFlight: number;
  /** Seqs nacked before the session was open. */
  refusedEarly: readonly SeqRange[];
  /** Ends the session, for example for a wrong seq. */
  fail: (reason: CloseReason) => void;
  /** @param stream of the frame, where it names one */
  nacked: (frame: NackFrame, stream: string | undefined) => void;
}

/**
 * The data frames of one open session: their seqs, their outcomes, and the cumulative ack. A nack is always sent before
 * the ack that covers it. The settled prefix is acked even when all of it was nacked.
 */
export class DataFrames implements FrameOwner, AckOwner {
  readonly #deps: DataFramesDeps;
  #channel: Channel;
  readonly #settlement: Settlement;
  #ackedUpTo = 0;
  #done = false;
  /** Called when nothing is unsettled any more. */
  #finished: (() => void) | undefined;
  ackScheduled = false;
  ackedAtMs: number;
  /** The last event: it is acked as soon as it is settled. */
  #urgentSeq = 0;

  get account(): LedgerAccount {
    return this.#channel.account;
  }

  constructor(deps: DataFramesDeps) {
    this.#deps = deps;
    this.#channel = deps.channel;
    this.#settlement = new Settlement(deps.inFlight);
    this.ackedAtMs = deps.acks.now;
  }

  /** Of the device type as it is now: types change while devices are connected. */
  get channel(): Channel {
    return this.#channel;
  }

  /** What comes from now on is judged and encoded by the newer device type of this channel. */
  typeChanged(channel: Channel): void {
    this.#channel = channel;
  }

  /** Data frames that are neither stored nor refused yet. */
  get unsettled(): number {
    return this.#settlement.unsettled;
  }

  /**
   * A frame with data: telemetry, an event, a line of a log.
   * @param size characters it came in
   * @param spoilt samples that its text spoils
   */
  take(frame: DataFrame, size: number, spoilt: SampleFaults | undefined): void {
    const points = pointsOf(frame);
    if (!this.#mayJudge(frame.seq, size, points, points)) return;
    if (frame.type === 'log' && !this.#deps.rate.takeLog())
      this.#refusePoints(frame.seq, { code: 'rate', retryAfterMs: this.#deps.rate.retryAfterMs }, points);
    else this.#judge(frame, spoilt);
  }

  /** A frame with data that its schema refuses. */
  refuse(frame: UncheckedFrame, fault: FieldError, size: number): void {
    const { seq } = frame;
    const refusal: FrameRefusal = { code: 'schema', errors: [fault] };
    if (!isSeq(seq)) {
      if (this.#finished === undefined) this.#refuse(undefined, refusal, streamOf(frame));
      return;
    }
    const points = pointsOf(frame);
    // Its readings do not count against the rate: the number it claims must not turn a `schema`, which must not be
    // retried, into a `rate`.
    if (this.#mayJudge(seq, size, 0, points)) this.#refusePoints(seq, refusal, points, streamOf(frame));
  }

  /** A frame with a seq that is refused whatever its content, for example because of an unknown type. */
  refuseSeq(seq: number, refusal: FrameRefusal): void {
    if (this.#admit(seq)) this.#refuseAtOnce(seq, refusal);
  }

  stored(seq: number): void {
    if (this.#done) return;
    this.#settlement.settle(seq);
    if (this.#finished === undefined) this.#oweAck();
    else this.#finishIfSettled();
  }

  refusedByStore(seq: number, samples: readonly number[] | undefined, reason: string): void {
    if (this.#done) return;
    const expected = cutText(`a point that the store accepts; it says: ${reason}`, 200);
    const errors = [{ path: '', keyword: 'store', expected, got: 'a point it refused' }];
    const refusal: FrameRefusal = { code: 'refused-by-store', errors };
    this.#refuse(seq, samples === undefined ? refusal : { ...refusal, rejectedSamples: samples });
  }

  flushAck(): void {
    if (this.#done) return;
    const { outbox, acks } = this.#deps;
    const upTo = this.#settlement.settledUpTo;
    if (upTo <= this.#ackedUpTo) return;
    // Acks merge: a device that does not read gets one ack for everything later.
    // The last one before a goodbye does not wait.
    if (outbox.congested && this.#finished === undefined) acks.postpone(this);
    else if (outbox.ack(upTo)) this.#ackedUpTo = upTo;
  }

  /** Accepts no more frames. Acks everything once the frames in progress are settled, then calls `finished`. */
  finish(finished: () => void): void {
    this.#finished = finished;
    this.#finishIfSettled();
  }

  /** Whatever this session still sends or settles does not count any more. */
  end(): void {
    this.#done = true;
  }

  /** The rule for seqs: last + 1. A jump within the window nacks the missing frames; anything else ends the session. */
  #admit(seq: number): boolean {
    this.#passRefused(seq);
    const expected = this.#settlement.lastSeq + 1;
    if (seq === expected) return true;
    if (seq < expected || seq - expected > this.#deps.inFlight) {
      this.#deps.fail('bad-seq');
      return false;
    }
    for (let missing = expected; missing < seq; missing++) {
      const error = {
        path: '',
        keyword: 'json',
        expected: 'a JSON object',
        got: 'nothing readable',
        in: 'frame' as const,
      };
      this.#refuseAtOnce(missing, { code: 'schema', errors: [error] });
    }
    return true;
  }

  /** What was nacked before the session was open is missing for a reason that the device knows. */
  #passRefused(seq: number): void {
    for (const { from, to } of this.#deps.refusedEarly) {
      const { lastSeq } = this.#settlement;
      if (to < seq && to > lastSeq && from <= lastSeq + 1) this.#settlement.pass(to);
    }
  }

  /**
   * False: the frame is refused already, by its seq, the rate or the window, or nothing is taken any more.
   * @param readings that count against the rate
   * @param points that are refused with the frame
   */
  #mayJudge(seq: number, size: number, readings: number, points: number): boolean {
    if (this.#finished !== undefined || !this.#admit(seq)) return false;
    const rate = this.#deps.rate.take(size, readings);
    if (rate === 'abuse') this.#deps.fail('rate-abuse');
    if (rate !== 'within')
      this.#refusePoints(seq, { code: 'rate', retryAfterMs: this.#deps.rate.retryAfterMs }, points);
    else if (!this.#settlement.hasRoom) this.#refusePoints(seq, { code: this.#fullCode() }, points);
    else return true;
    return false;
  }

  #judge(frame: DataFrame, spoilt: SampleFaults | undefined): void {
    const { seq } = frame;
    // Begun before it is handed on, because a fast writer may settle it within the call.
    this.#settlement.begin(seq);
    if (frame.type === 'event') this.#urgentSeq = seq;
    const verdict = this.#ingest(frame, spoilt);
    if (verdict === undefined) return;
    for (const refusal of verdict.refusals) this.#refuse(seq, refusal, streamOf(frame));
    if (verdict.taken) return;
    this.#settlement.settle(seq);
    this.#oweAck();
  }

  /** A window that is full because the store is down is not the device's fault. */
  #fullCode(): 'rate' | 'overloaded' {
    return this.#deps.ingest.storeAway ? 'overloaded' : 'rate';
  }

  #ingest(frame: DataFrame, spoilt: SampleFaults | undefined): FrameVerdict | undefined {
    const { ingest } = this.#deps;
    switch (frame.type) {
      case 'telemetry':
        return ingest.telemetry(this.#channel, this, frame, spoilt);
      case 'event':
        return ingest.event(this.#channel, this, frame);
      case 'log':
        return ingest.log(this.#channel, this, frame);
    }
  }

  #refusePoints(seq: number, refusal: FrameRefusal, points: number, stream?: string): void {
    this.#deps.ingest.refusedBefore(this.#channel, refusal.code, points);
    this.#refuseAtOnce(seq, refusal, stream);
  }

  #refuseAtOnce(seq: number, refusal: FrameRefusal, stream?: string): void {
    this.#settlement.pass(seq);
    this.#refuse(seq, refusal, stream);
    this.#oweAck();
  }

  #finishIfSettled(): void {
    if (this.#settlement.unsettled > 0 || this.#finished === undefined) return;
    this.flushAck();
    this.#finished();
  }

  #refuse(seq: number | undefined, refusal: FrameRefusal, stream?: string): void {
    const frame: NackFrame = seq === undefined ? nack(refusal) : { ...nack(refusal), seq };
    this.#deps.nacked(frame, stream);
    this.#deps.outbox.send(frame);
  }

  #oweAck(): void {
    const upTo = this.#settlement.settledUpTo;
    const owed = upTo - this.#ackedUpTo;
    if (owed <= 0) return;
    const urgent = this.#urgentSeq > this.#ackedUpTo && upTo >= this.#urgentSeq;
    if (urgent || owed * 2 >= this.#deps.inFlight) this.#deps.acks.flush(this);
    else this.#deps.acks.add(this);
  }
}

/** How many readings a frame claims to have, whatever else is wrong with it. */
function pointsOf({ samples }: UncheckedFrame): number {
  return Array.isArray(samples) ? samples.length : 1;
}

/** The stream (or event) that an invalid frame names. */
function streamOf({ stream, name }: UncheckedFrame): string | undefined {
  const said = stream ?? name;
  return typeof said === 'string' ? cutText(said, 64) : undefined;
}

/** Whether the data frames judge it, its rate too. */
export function isData(parsed: ReadFrame): boolean {
  if (parsed.kind === 'frame') return hasData(parsed.frame.type);
  return parsed.kind === 'invalid' && hasData(parsed.type) && isSeq(parsed.frame.seq);
}

/** Frames of this type have a seq and are acked by it. */
export function hasData(type: DeviceFrame['type']): type is DataFrame['type'] {
  return type === 'telemetry' || type === 'event' || type === 'log';
}
