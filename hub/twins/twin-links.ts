import type { DesiredFrame, DesiredState } from '../../schemas/index.ts';
import { TokenBucket } from '../kernel/token-bucket.ts';
import type { FrameSession } from '../registry/frame-session.ts';
import type { Cancel, Clock } from '../../schemas/time/clock.ts';
import type { Link, Twin } from './twin.ts';

/** A device may report so often on average, and so many times in one burst. */
const reportsPerSec = 1;
const reportsAtOnce = 10;
/** How often a desired state that waits for a congested link is tried again, ms. */
const retryMs = 50;

interface DeviceLink {
  session: FrameSession | undefined;
  /** The revision that the device holds, or that is on its way to it. */
  sentRev: number;
  link: Link;
  /** When the link became so, Unix ms. */
  sinceMs: number;
  bucket: TokenBucket | undefined;
}

interface Deps {
  clock: Clock;
  /** As on disk. */
  read: (device: string) => Promise<Twin>;
  /** How the hub can reach the device has changed. */
  changed: (device: string) => void;
}

/** Brings desired states to connected devices: the newest at once, and none that a newer one has replaced. */
export class TwinLinks {
  readonly #deps: Deps;
  readonly #links = new Map<string, DeviceLink>();
  /** Devices whose link had no room: they get what is newest when it has. */
  readonly #waiting = new Set<string>();
  #timer: Cancel = () => undefined;
  readonly counters = { sent: 0, replaced: 0, tooLarge: 0 };

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  start(): void {
    this.#timer = this.#deps.clock.every(retryMs, () => {
      for (const device of this.#waiting) this.#retry(device);
    });
  }

  close(): void {
    this.#timer();
  }

  of(device: string): { link: Link; sinceMs: number } {
    return this.#links.get(device) ?? { link: 'away', sinceMs: 0 };
  }

  /** The session in which the device takes desired states. */
  session(device: string): FrameSession | undefined {
    return this.#links.get(device)?.session;
  }

  /** @param sentRev the revision that it holds or gets @param desired what it gets with its welcome */
  opened(session: FrameSession, sentRev: number, desired: DesiredState | undefined): void {
    const { deviceId: device } = session;
    const bucket = this.#links.get(device)?.bucket;
    const sinceMs = this.#deps.clock.now();
    const isSent = desired === undefined || this.#fits(session, { type: 'desired', ...desired });
    const link = isSent ? 'connected' : 'too-small';
    this.#links.set(device, { session, sentRev, link, sinceMs, bucket });
    this.#deps.changed(device);
  }

  closed(session: FrameSession): void {
    const { deviceId: device } = session;
    const link = this.#links.get(device);
    // A newer session has taken over.
    if (link?.session !== session) return;
    this.#waiting.delete(device);
    link.session = undefined;
    this.#become(device, link, 'away');
  }

  forget(device: string): void {
    this.#links.delete(device);
    this.#waiting.delete(device);
  }

  /** Takes one report from what the device may send. @returns when to send it again, ms; 0: it may come now */
  takeReport(device: string): number {
    const link = this.#links.get(device);
    if (link === undefined) return 0;
    link.bucket ??= new TokenBucket(this.#deps.clock, reportsPerSec, reportsAtOnce);
    return link.bucket.take() ? 0 : Math.ceil(link.bucket.msUntil(1));
  }

  /** What is desired is on disk: a device that is connected gets it. */
  deliver(device: string, { rev, desired }: Pick<Twin, 'rev' | 'desired'>): void {
    const link = this.#links.get(device);
    const session = link?.session;
    if (link === undefined || session?.isOpen !== true || link.sentRev === rev) return;
    if (session.outbox.congested) {
      if (this.#waiting.has(device)) this.counters.replaced += 1;
      this.#waiting.add(device);
      return;
    }
    this.#waiting.delete(device);
    const frame: DesiredFrame = { type: 'desired', rev, state: desired };
    if (!this.#fits(session, frame)) {
      link.sentRev = rev;
      this.#become(device, link, 'too-small');
      return;
    }
    if (!session.send(frame)) return;
    this.counters.sent += 1;
    link.sentRev = rev;
    if (link.link === 'too-small') this.#become(device, link, 'connected');
  }

  #fits(session: FrameSession, frame: DesiredFrame): boolean {
    const fits = session.outbox.bytesOf(frame) <= session.outbox.maxFrameBytes;
    if (!fits) this.counters.tooLarge += 1;
    return fits;
  }

  #become(device: string, link: DeviceLink, state: Link): void {
    link.link = state;
    link.sinceMs = this.#deps.clock.now();
    this.#deps.changed(device);
  }

  #retry(device: string): void {
    const session = this.#links.get(device)?.session;
    if (session?.isOpen !== true || session.outbox.congested) return;
    this.#waiting.delete(device);
    this.#deps.read(device).then(
      (twin) => this.deliver(device, twin),
      () => this.#waiting.add(device),
    );
  }
}
