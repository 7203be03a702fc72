import type { Cancel } from '../../../../schemas/time/clock.ts';
import type { DeviceFrame } from '../../../../schemas/protocol/device-frames.ts';
import type { NackFrame, WelcomeFrame } from '../../../../schemas/protocol/hub-frames.ts';
import type { Random } from './random.ts';
import { LogLines } from './log-lines.ts';
import type { Outbox } from './outbox.ts';
import { Pacing } from './pacing.ts';
import { followed } from './reconnect.ts';
import type { Timers } from './timers.ts';

interface SenderDeps {
  clock: Timers;
  random: Random;
  outbox: Outbox;
  send: (frame: DeviceFrame) => void;
}

/** The pause after a nack that asks for another attempt without saying when. */
const defaultPauseMs = 1000;

/** Numbers the data frames of a session, and sends them within the window, the rate and the hub's pauses. */
export class Sender {
  readonly logs = new LogLines();
  readonly #deps: SenderDeps;
  readonly #pacing = new Pacing();
  /** Limits of the open session; undefined while data frames may not leave. */
  #limits: WelcomeFrame['limits'] | undefined;
  #seq = 0;
  #ackedUpTo = 0;
  /** Uptime, ms: the hub asked to send no data frame before. */
  #holdUntilMs = 0;
  /** The same for log lines, which have a rate of their own. */
  #holdLogsUntilMs = 0;
  #cancelPump: Cancel | undefined;
  /** Data frames sent. */
  sent = 0;

  constructor(deps: SenderDeps) {
    this.#deps = deps;
  }

  /** A session has opened: seqs start at 1 again. */
  start({ limits }: WelcomeFrame): void {
    this.#limits = limits;
    this.#seq = 0;
    this.#ackedUpTo = 0;
    this.#holdUntilMs = 0;
    this.#holdLogsUntilMs = 0;
    this.#pacing.start(limits, this.#deps.clock.monotonic());
  }

  /** Sends no further data frames in this session; those in flight may still be acked. */
  pause(): void {
    this.#limits = undefined;
    this.#cancelPump?.();
  }

  /** The session has ended: unsettled readings wait for the next one. */
  sessionEnded(): void {
    this.pause();
    this.#deps.outbox.sessionEnded();
    this.logs.sessionEnded();
  }

  /** A frame of any type left, and counts against the rate. */
  took(): void {
    this.#pacing.took(this.#deps.clock.monotonic());
  }

  ack(upTo: number): void {
    // An ack of what was never sent says nothing.
    this.#ackedUpTo = Math.max(this.#ackedUpTo, Math.min(upTo, this.#seq));
    this.#deps.outbox.ack(upTo);
    this.logs.ack(upTo);
    this.pump();
  }

  nack(seq: number, nack: NackFrame): void {
    const isLog = this.logs.nack(seq, nack);
    if (nack.retry) {
      const untilMs = this.#deps.clock.monotonic() + this.pauseMs(nack);
      if (isLog) this.#holdLogsUntilMs = Math.max(this.#holdLogsUntilMs, untilMs);
      else this.#holdUntilMs = Math.max(this.#holdUntilMs, untilMs);
    }
    if (!isLog) this.#deps.outbox.nack(seq, nack);
    this.pump();
  }

  /** How long a nack asks to wait, plus jitter so that the devices of a fleet do not all return together. */
  pauseMs({ retryAfterMs = defaultPauseMs }: NackFrame): number {
    return followed(retryAfterMs) * (1 + this.#deps.random() / 10);
  }

  /** Sends what may leave now, and runs again when more may leave. */
  pump(): void {
    const { outbox, clock, send } = this.#deps;
    const limits = this.#limits;
    if (limits === undefined) return;
    while (outbox.waiting > 0 || this.logs.waiting > 0) {
      // Nacked frames count until an ack covers them: then the hub opens its window again.
      if (this.#seq - this.#ackedUpTo >= limits.inFlight) return;
      const now = clock.monotonic();
      // Logs go behind the readings.
      const holdUntilMs =
        outbox.waiting > 0 ? this.#holdUntilMs : Math.max(this.#holdUntilMs, this.#holdLogsUntilMs);
      const waitMs = Math.max(holdUntilMs - now, this.#pacing.waitMs(now));
      if (waitMs > 0) {
        this.#cancelPump?.();
        this.#cancelPump = clock.after(waitMs, () => this.pump());
        return;
      }
      const frame = outbox.take(this.#seq + 1, limits) ?? this.logs.take(this.#seq + 1);
      if (frame === undefined) return;
      this.#seq += 1;
      this.sent += 1;
      send(frame);
    }
  }
}
