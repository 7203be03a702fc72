import type { DeviceFrame, NackFrame, WelcomeFrame } from '../../schemas/index.ts';
import type { Boots } from './boots.ts';
import type { SendOptions } from './client-options.ts';
import type { Cancel, Clock } from '../../schemas/time/clock.ts';
import { Outbox, type OutboxItem, type Settlement } from './outbox.ts';
import { Pacing } from './pacing.ts';
import type { ReadingStore } from './reading-store.ts';
import type { Random } from '../device/random.ts';

interface SenderDeps {
  clock: Clock;
  random: Random;
  boots: Boots;
  outboxCapacity: number;
  readingStore: ReadingStore | undefined;
  send: (frame: DeviceFrame) => void;
}

/** The pause after a nack that asks for another attempt without saying when. */
const defaultPauseMs = 1000;

/** Numbers the data frames of a session, and sends them within the window, the rate and the hub's pauses. */
export class Sender {
  readonly outbox: Outbox;
  readonly #deps: SenderDeps;
  readonly #pacing = new Pacing();
  /** Limits of the open session; undefined while data frames may not leave. */
  #limits: WelcomeFrame['limits'] | undefined;
  #seq = 0;
  #ackedUpTo = 0;
  /** Monotonic ms: the hub asked to send no data frame before this time. */
  #holdUntilMs = 0;
  #cancelPump: Cancel | undefined;

  constructor(deps: SenderDeps) {
    this.#deps = deps;
    this.outbox = new Outbox(deps.outboxCapacity, deps.boots.name, deps.readingStore);
  }

  /** A session has opened: seqs start at 1 again. */
  start({ limits }: WelcomeFrame): void {
    this.#limits = limits;
    this.#seq = 0;
    this.#ackedUpTo = 0;
    this.#holdUntilMs = 0;
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
    this.outbox.sessionEnded();
  }

  /** A frame of any type left, and counts against the rate. */
  took(): void {
    this.#pacing.took(this.#deps.clock.monotonic());
  }

  /** Keeps a reading or event; `pump` sends it. */
  add(what: OutboxItem['what'], data: unknown, options: SendOptions): Promise<Settlement> {
    // The device's own wall clock may be wrong; what its uptime means is known to the hub.
    const { ts, up = this.#deps.boots.uptime(), backfill = false, boot } = options;
    const time = ts === undefined ? { up } : { ts };
    return new Promise((settle) => {
      this.outbox.add({ what, time, data, backfill, boot, settle });
    });
  }

  ack(upTo: number): void {
    this.#ackedUpTo = Math.max(this.#ackedUpTo, upTo);
    this.outbox.ack(upTo);
    this.pump();
  }

  nack(seq: number, nack: NackFrame): void {
    if (nack.retry) {
      this.#holdUntilMs = Math.max(this.#holdUntilMs, this.#deps.clock.monotonic() + this.pauseMs(nack));
    }
    this.outbox.nack(seq, nack);
    this.pump();
  }

  /** How long a nack asks to wait, plus jitter so that the devices of a fleet do not all return together. */
  pauseMs({ retryAfterMs = defaultPauseMs }: NackFrame): number {
    return retryAfterMs * (1 + this.#deps.random() / 10);
  }

  /** Sends what may leave now, and runs again when more may leave. */
  pump(): void {
    const limits = this.#limits;
    if (limits === undefined) return;
    while (this.outbox.waiting > 0) {
      // Nacked frames count until an ack covers them: then the hub opens its window again.
      if (this.#seq - this.#ackedUpTo >= limits.inFlight) return;
      const now = this.#deps.clock.monotonic();
      const waitMs = Math.max(this.#holdUntilMs - now, this.#pacing.waitMs(now));
      if (waitMs > 0) {
        this.#cancelPump?.();
        this.#cancelPump = this.#deps.clock.after(waitMs, () => this.pump());
        return;
      }
      const frame = this.outbox.take(this.#seq + 1, limits);
      if (frame === undefined) return;
      this.#seq += 1;
      this.#deps.send(frame);
    }
  }
}
