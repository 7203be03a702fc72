import { HubError, messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { Cancel, Clock } from '../kernel/time.ts';
import type { MayShow } from './device-pages.ts';
import type { Registry } from './registry.ts';
import { parseSelector, selects } from './selector.ts';

export interface NoticeRequest {
  /** A selector: `all`, an id, `type=env-sensor,site=a`. */
  to: string;
  topic: string;
  /** Any JSON value. */
  data: unknown;
  /** When to send it, Unix ms; at once when not given. */
  atMs?: number;
}

/** What became of a notice: matched = sent + dropped + offline. A notice is told to those who are there, and not kept. */
export interface NoticeReport {
  /** Devices the selector means. */
  matched: number;
  /** Handed to the device's connection. */
  sent: number;
  /** Too congested to take it. */
  dropped: number;
  /** Without an open session. */
  offline: number;
}

export interface Notice extends NoticeRequest {
  id: string;
  /** Unix ms. */
  createdMs: number;
  /** Once it was sent. */
  report?: NoticeReport;
  /** It was due while no hub ran, too long ago. */
  missed?: true;
}

/** Scheduled notices, so that they outlive the hub. All reject with HubError `database-failed`. */
export interface NoticeStore {
  load(): Promise<Notice[]>;
  save(notice: Notice): Promise<void>;
  remove(id: string): Promise<void>;
}

export interface NoticesDeps {
  clock: Clock;
  log: Log;
  registry: Registry;
  store: NoticeStore;
  /** A new id. */
  newId: () => string;
}

/** Scheduled at a time. */
const maxScheduled = 1_000;
/** Notices that were sent and are kept to be listed. */
const keptSent = 200;
/** One that was due while no hub ran is still sent when it is at most so late, ms. */
const catchUpMs = 300_000;
const farthestMs = 366 * 86_400_000;
/** Node cuts timers longer than 2^31 − 1 ms short. */
const longestTimerMs = 2_000_000_000;

/** Pushes `notice` frames to the devices a selector means, now or at a set time, and counts what became of them. */
export class Notices {
  readonly #deps: NoticesDeps;
  readonly #scheduled = new Map<string, { notice: Notice; cancel: Cancel }>();
  readonly #past: Notice[] = [];
  readonly counters = { sent: 0, dropped: 0, offline: 0, missed: 0 };

  constructor(deps: NoticesDeps) {
    this.#deps = deps;
  }

  /** Takes up the notices that were scheduled before the hub started. */
  async load(): Promise<void> {
    const nowMs = this.#deps.clock.now();
    for (const notice of await this.#deps.store.load()) {
      if (nowMs - (notice.atMs ?? 0) <= catchUpMs) {
        this.#schedule(notice);
        continue;
      }
      this.counters.missed += 1;
      this.#deps.log.warn({ id: notice.id, topic: notice.topic }, 'notice was due while no hub ran');
      await this.#finish({ ...notice, missed: true });
    }
  }

  /**
   * Sends a notice, or schedules it.
   * @throws HubError `input-invalid` (selector, time, too many scheduled) · `device-unknown` (a single id)
   */
  async push(request: NoticeRequest): Promise<Notice> {
    const selector = parseSelector(request.to);
    const { clock, registry, store, newId } = this.#deps;
    if (selector.kind === 'device' && registry.get(selector.id) === undefined)
      throw new HubError('device-unknown', selector.id, { details: { id: selector.id } });
    const createdMs = clock.now();
    const notice: Notice = { id: newId(), createdMs, ...request };
    if (request.atMs === undefined) return this.#remember({ ...notice, report: this.#send(notice) });
    if (request.atMs <= createdMs || request.atMs > createdMs + farthestMs)
      throw invalid('/atMs', 'a time in the next 366 days', new Date(request.atMs).toISOString());
    if (this.#scheduled.size >= maxScheduled)
      throw invalid('/atMs', `at most ${maxScheduled} notices scheduled at a time`, this.#scheduled.size);
    await store.save(notice);
    this.#schedule(notice);
    return notice;
  }

  /**
   * Those scheduled by time, then those sent, newest first.
   * @param mayShow not given: all; otherwise those to a single device it may show
   */
  list(mayShow?: MayShow): Notice[] {
    const scheduled = [...this.#scheduled.values()].map(({ notice }) => notice);
    const all = [...scheduled.toSorted((a, b) => (a.atMs ?? 0) - (b.atMs ?? 0)), ...this.#past.toReversed()];
    if (mayShow === undefined) return all;
    return all.filter(({ to }) => {
      const selector = parseSelector(to);
      return selector.kind === 'device' && mayShow(selector.id);
    });
  }

  close(): void {
    for (const { cancel } of this.#scheduled.values()) cancel();
    this.#scheduled.clear();
  }

  #schedule(notice: Notice): void {
    const waitMs = Math.max(0, (notice.atMs ?? 0) - this.#deps.clock.now());
    const cancel = this.#deps.clock.after(Math.min(waitMs, longestTimerMs), () => {
      if (waitMs > longestTimerMs) this.#schedule(notice);
      else void this.#finish({ ...notice, report: this.#send(notice) });
    });
    this.#scheduled.set(notice.id, { notice, cancel });
  }

  async #finish(notice: Notice): Promise<void> {
    this.#scheduled.delete(notice.id);
    this.#remember(notice);
    try {
      await this.#deps.store.remove(notice.id);
    } catch (error) {
      // It may be sent once more after a restart, which is better than not at all.
      this.#deps.log.error({ id: notice.id, reason: messageOf(error) }, 'notice not removed from its store');
    }
  }

  #remember(notice: Notice): Notice {
    this.#past.push(notice);
    if (this.#past.length > keptSent) this.#past.shift();
    return notice;
  }

  #send({ to, topic, data }: NoticeRequest): NoticeReport {
    const { registry } = this.#deps;
    const selector = parseSelector(to);
    const text = JSON.stringify({ type: 'notice', topic, data });
    const report: NoticeReport = { matched: 0, sent: 0, dropped: 0, offline: 0 };
    for (const record of registry.all()) {
      if (!selects(selector, record)) continue;
      report.matched += 1;
      const session = registry.session(record.id);
      if (session?.isOpen !== true) report.offline += 1;
      else if (session.notice(text)) report.sent += 1;
      else report.dropped += 1;
    }
    this.counters.sent += report.sent;
    this.counters.dropped += report.dropped;
    this.counters.offline += report.offline;
    return report;
  }
}

function invalid(path: string, expected: string, got: unknown): HubError {
  return new HubError('input-invalid', `${path.slice(1)} must be ${expected}`, {
    details: { errors: [{ path, expected, got }] },
  });
}
