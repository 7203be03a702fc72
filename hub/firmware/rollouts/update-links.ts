import type { OfferedUpdate, UpdateFrame } from '../../../schemas/index.ts';
import { TokenBucket } from '../../kernel/token-bucket.ts';
import type { Clock } from '../../../schemas/time/clock.ts';
import type { UpdateSession } from './update-session.ts';

/** A device may say how far it is so often on average, and so many times in one burst. */
const wordsPerSec = 1;
const wordsAtOnce = 10;

interface UpdateLink {
  readonly session: UpdateSession;
  /** The id of the update that the device was notified of in this session. */
  notified: string | undefined;
}

/** What connected devices were notified of: once a session what to run, and that it need not any more. */
export class UpdateLinks {
  readonly #links = new Map<string, UpdateLink>();
  readonly #buckets = new Map<string, TokenBucket>();
  readonly #clock: Clock;
  readonly counters = { offered: 0, withdrawn: 0 };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  has(device: string): boolean {
    return this.#links.has(device);
  }

  /** The device's session, if it has one here. */
  session(device: string): UpdateSession | undefined {
    return this.#links.get(device)?.session;
  }

  /** @param offered what goes with the welcome, or follows it */
  opened(session: UpdateSession, offered: OfferedUpdate | undefined): void {
    this.#links.set(session.deviceId, { session, notified: offered?.id });
    if (offered !== undefined) this.counters.offered += 1;
  }

  /** @returns whether it was the newest session of its device */
  closed(session: UpdateSession): boolean {
    const { deviceId } = session;
    if (this.#links.get(deviceId)?.session !== session) return false;
    this.#links.delete(deviceId);
    return true;
  }

  forget(device: string): void {
    this.#links.delete(device);
    this.#buckets.delete(device);
  }

  /**
   * Brings the device what it should run now; nothing: what it was notified of before is withdrawn.
   * @returns false when the frame is longer than the device receives
   */
  deliver(device: string, wanted: OfferedUpdate | undefined): boolean {
    const link = this.#links.get(device);
    if (link === undefined || !link.session.isOpen || link.notified === wanted?.id) return true;
    const { session, notified } = link;
    if (wanted !== undefined && !fits(session, wanted)) return false;
    if (wanted === undefined) {
      this.counters.withdrawn += 1;
      session.send({ type: 'update', id: notified ?? '', cancelled: true });
    } else {
      this.counters.offered += 1;
      session.send({ type: 'update', ...wanted });
    }
    link.notified = wanted?.id;
    return true;
  }

  /** Takes one word from what the device may send. @returns when to send it again, ms; 0: it may come now */
  takeWord(device: string): number {
    let bucket = this.#buckets.get(device);
    if (bucket === undefined) {
      bucket = new TokenBucket(this.#clock, wordsPerSec, wordsAtOnce);
      this.#buckets.set(device, bucket);
    }
    return bucket.take() ? 0 : Math.ceil(bucket.msUntil(1));
  }
}

/** Whether a frame of its own fits, so that a device that receives little gets the offer behind its welcome. */
export function fits({ outbox }: UpdateSession, wanted: OfferedUpdate): boolean {
  const frame: UpdateFrame = { type: 'update', ...wanted };
  return outbox.bytesOf(frame) <= outbox.maxFrameBytes;
}
