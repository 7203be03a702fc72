import type { Notice, NoticeReport, NoticeRequest } from '../../schemas/api/notices.ts';
import { isoTime } from '../../schemas/index.ts';
import { invalidInput, messageOf, type HubError } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import { demandRoom } from '../kernel/share.ts';
import type { Cancel, Clock } from '../../schemas/time/clock.ts';
import type { MayShow } from '../registry/visibility.ts';
import type { Registry } from '../registry/registry.ts';
import { parseSelector } from '../registry/selector.ts';
import type { RunReport } from '../schedules/run-report.ts';

/** Scheduled notices, so that they outlive the hub. All reject with HubError `database-failed`. */
export interface NoticeStore {
  load(): Promise<Notice[]>;
  save(notice: Notice): Promise<void>;
  remove(id: string): Promise<void>;
}

/** A device's session, as far as a notice goes. */
export interface NoticeSession {
  readonly isOpen: boolean;
  /** @returns whether the device can receive a frame as long as this one, which is written as JSON */
  readonly outbox: { takes(text: string): boolean };
  /** @returns whether it was sent */
  notice(text: string): boolean;
}

export interface NoticesDeps {
  clock: Clock;
  log: Log;
  registry: Registry;
  sessions: {
    get(deviceId: string): NoticeSession | undefined;
  };
  store: NoticeStore;
  /** A new id. */
  newId: () => string;
  /** Uniform in [0, 1). */
  random: () => number;
}

/** Scheduled at a time. Each person or program has as many of them as are still free, half of them alone. */
const maxScheduled = 1_000;
/** Sent notices that are kept to be listed. */
const keptSent = 200;
/** A notice that was due while no hub ran is still sent if it is at most this late, ms. */
const catchUpMs = 300_000;
const farthestMs = 366 * 86_400_000;
/** Node cuts timers longer than 2^31 − 1 ms short. */
const longestTimerMs = 2_000_000_000;

/** Pushes `notice` frames to the devices that a selector matches, now or at a set time, and counts the outcomes. */
export class Notices {
  readonly #deps: NoticesDeps;
  readonly #scheduled = new Map<string, { notice: Notice; cancel: Cancel }>();
  readonly #past: Notice[] = [];
  #closed = false;
  /** Functions that end the waits of notices being spread. */
  readonly #waits = new Set<() => void>();
  readonly counters = { sent: 0, dropped: 0, offline: 0, tooLarge: 0, missed: 0 };

  constructor(deps: NoticesDeps) {
    this.#deps = deps;
  }

  /** Resumes the notices that were scheduled before the hub started. */
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
   * @param actor who requests it
   * @throws HubError `input-invalid` (selector, time, too many scheduled) · `device-unknown` (a single id)
   */
  async push(request: NoticeRequest, actor = 'local'): Promise<Notice> {
    const selector = parseSelector(request.to);
    const { clock, registry, store, newId } = this.#deps;
    if (selector.kind === 'device') await registry.found(selector.id);
    const createdMs = clock.now();
    const notice: Notice = { id: newId(), createdMs, actor, ...request };
    if (request.atMs === undefined) return this.#remember({ ...notice, report: await this.#send(notice) });
    if (request.atMs <= createdMs || request.atMs > createdMs + farthestMs)
      throw invalid('/atMs', 'a time in the next 366 days', isoTime(request.atMs));
    const actors = [...this.#scheduled.values()].map((each) => each.notice.actor);
    demandRoom(actor, actors, { things: 'scheduled notices', room: maxScheduled, path: '/atMs' });
    await store.save(notice);
    this.#schedule(notice);
    return notice;
  }

  /**
   * Sends a notice to each device at its own moment within `jitterMs`, so that the fleet does not answer at the same
   * time. The devices are chosen now; a device without a session at its moment misses the notice. Resolves when every
   * moment has passed. If the hub stops before, the rest counts as dropped.
   * @throws HubError as `push`
   */
  async sendWithJitter(
    request: Omit<NoticeRequest, 'atMs'>,
    jitterMs: number,
    actor = 'local',
  ): Promise<Notice> {
    if (jitterMs <= 0) return this.push(request, actor);
    const { clock, random, newId } = this.#deps;
    const notice: Notice = { id: newId(), createdMs: clock.now(), actor, ...request };
    const text = textOf(notice);
    const startedMs = clock.monotonic();
    const report: NoticeReport = noReport();
    const turns = (await this.#deps.registry.select(request.to))
      .map((id) => ({ id, atMs: startedMs + random() * jitterMs }))
      .toSorted((a, b) => a.atMs - b.atMs);
    report.matched = turns.length;
    for (const [index, { id, atMs }] of turns.entries()) {
      if (!(await this.#until(atMs))) {
        report.dropped += turns.length - index;
        break;
      }
      this.#deliver(id, text, report);
    }
    this.#count(report);
    return this.#remember({ ...notice, report });
  }

  /** Sends the notice of a schedule. Resolves when every device had its turn; never rejects. */
  async sendScheduled(
    schedule: string,
    request: Omit<NoticeRequest, 'atMs'>,
    jitterMs: number,
  ): Promise<RunReport> {
    try {
      const { report = noReport() } = await this.sendWithJitter(request, jitterMs, `schedule:${schedule}`);
      this.#deps.log.debug({ schedule, ...report }, 'scheduled notice sent');
      return runReportOf(report);
    } catch (error) {
      return { reached: 0, over: true, reason: messageOf(error), impossible: true };
    }
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
    this.#closed = true;
    for (const end of this.#waits) end();
  }

  #schedule(notice: Notice): void {
    const waitMs = Math.max(0, (notice.atMs ?? 0) - this.#deps.clock.now());
    const cancel = this.#deps.clock.after(Math.min(waitMs, longestTimerMs), () => {
      if (waitMs > longestTimerMs) this.#schedule(notice);
      else void this.#sendNow(notice);
    });
    this.#scheduled.set(notice.id, { notice, cancel });
  }

  async #sendNow(notice: Notice): Promise<void> {
    try {
      await this.#finish({ ...notice, report: await this.#send(notice) });
    } catch (error) {
      this.#deps.log.error({ id: notice.id, reason: messageOf(error) }, 'notice not sent');
    }
  }

  async #finish(notice: Notice): Promise<void> {
    this.#scheduled.delete(notice.id);
    this.#remember(notice);
    try {
      await this.#deps.store.remove(notice.id);
    } catch (error) {
      // It may be sent again after a restart, which is better than not at all.
      this.#deps.log.error({ id: notice.id, reason: messageOf(error) }, 'notice not removed from its store');
    }
  }

  #remember(notice: Notice): Notice {
    this.#past.push(notice);
    if (this.#past.length > keptSent) this.#past.shift();
    return notice;
  }

  async #send(request: NoticeRequest): Promise<NoticeReport> {
    const text = textOf(request);
    const report: NoticeReport = noReport();
    for (const id of await this.#deps.registry.select(request.to)) {
      report.matched += 1;
      this.#deliver(id, text, report);
    }
    this.#count(report);
    return report;
  }

  #deliver(id: string, text: string, report: NoticeReport): void {
    const session = this.#deps.sessions.get(id);
    if (session?.isOpen !== true) report.offline += 1;
    else if (!session.outbox.takes(text)) report.tooLarge += 1;
    else if (session.notice(text)) report.sent += 1;
    else report.dropped += 1;
  }

  #count({ sent, dropped, offline, tooLarge }: NoticeReport): void {
    this.counters.sent += sent;
    this.counters.dropped += dropped;
    this.counters.offline += offline;
    this.counters.tooLarge += tooLarge;
  }

  /** False when the hub stops before that moment (monotonic ms). */
  #until(atMs: number): Promise<boolean> {
    const waitMs = atMs - this.#deps.clock.monotonic();
    if (this.#closed || waitMs <= 0) return Promise.resolve(!this.#closed);
    return new Promise((resolve) => {
      const end = (): void => {
        cancel();
        this.#waits.delete(end);
        resolve(!this.#closed);
      };
      const cancel = this.#deps.clock.after(waitMs, end);
      this.#waits.add(end);
    });
  }
}

function noReport(): NoticeReport {
  return { matched: 0, sent: 0, dropped: 0, offline: 0, tooLarge: 0 };
}

/** A notice that is too long for every device of its schedule can never be sent. */
function runReportOf({ matched, sent, dropped, offline, tooLarge }: NoticeReport): RunReport {
  const reasons = Object.entries({
    'too long for the frames that the device takes (hello.maxFrame)': tooLarge,
    offline,
    dropped,
  }).filter(([, devices]) => devices > 0);
  return {
    reached: sent,
    over: true,
    reason: reasons.map(([reason, devices]) => `${devices} ${reason}`).join(', '),
    impossible: matched > 0 && tooLarge === matched,
  };
}

function textOf({ topic, data }: NoticeRequest): string {
  return JSON.stringify({ type: 'notice', topic, data });
}

function invalid(path: string, expected: string, got: string): HubError {
  return invalidInput({ path, keyword: 'limit', expected, got });
}
