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
import type { NoticeOrder, NoticeSpreads } from './notice-spreads.ts';
import type { NoticesElsewhere } from './notices-elsewhere.ts';

/** Scheduled notices, so that they outlive the hub. All reject with HubError `database-failed`. */
export interface NoticeStore {
  load(): Promise<Notice[]>;
  save(notice: Notice): Promise<void>;
  /** Removes it. @returns whether it was there: whoever removes it sends it */
  take(id: string): Promise<boolean>;
}

export interface NoticesDeps {
  clock: Clock;
  log: Log;
  registry: Registry;
  /** To the devices of this hub. */
  spreads: Pick<NoticeSpreads, 'finish' | 'counters'>;
  /** To those of other hubs; not given: there are none. */
  elsewhere?: Pick<NoticesElsewhere, 'finish'> | undefined;
  store: NoticeStore;
  /** A new id. */
  newId: () => string;
  /** Whether it is this hub that sends what is scheduled. */
  leads: () => boolean;
}

/** Scheduled at a time. Each person or program has as many of them as are still free, half of them alone. */
const maxScheduled = 1_000;
/** Sent notices that are kept to be listed. */
const keptSent = 200;
/** A notice that was due while no hub ran is still sent if it is at most this late, ms. */
const catchUpMs = 300_000;
/** A store that is away is asked again after this, ms. */
const retryMs = 1_000;
const farthestMs = 366 * 86_400_000;
/** Node cuts timers longer than 2^31 − 1 ms short. */
const longestTimerMs = 2_000_000_000;

/** Pushes `notice` frames to the devices that a selector matches, now or at a set time, and counts the outcomes. */
export class Notices {
  readonly #deps: NoticesDeps;
  readonly #scheduled = new Map<string, { notice: Notice; cancel: Cancel }>();
  readonly #past: Notice[] = [];
  /** Scheduled, and perhaps taken from the store by now. */
  readonly #doubtful = new Set<string>();
  readonly #counters = { offline: 0, missed: 0 };

  constructor(deps: NoticesDeps) {
    this.#deps = deps;
  }

  /** By what became of them, at devices of this hub; and at those of all hubs, where this one was asked for the notice. */
  get counters(): Readonly<Omit<NoticeReport, 'matched' | 'silentHubs'> & { missed: number }> {
    return { ...this.#deps.spreads.counters, ...this.#counters };
  }

  /** Resumes the notices that were scheduled before the hub started, or began to lead. */
  async load(): Promise<void> {
    for (const notice of await this.#deps.store.load()) this.#schedule(notice);
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
    if (request.atMs === undefined) return this.#remember({ ...notice, report: await this.#send(notice, 0) });
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
    const { clock, newId } = this.#deps;
    const notice: Notice = { id: newId(), createdMs: clock.now(), actor, ...request };
    return this.#remember({ ...notice, report: await this.#send(notice, jitterMs) });
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
  }

  #schedule(notice: Notice): void {
    const waitMs = Math.max(0, (notice.atMs ?? 0) - this.#deps.clock.now());
    if (waitMs > longestTimerMs) this.#wait(notice, longestTimerMs, () => this.#schedule(notice));
    else this.#wait(notice, waitMs, () => void this.#sendNow(notice));
  }

  #wait(notice: Notice, waitMs: number, then: () => void): void {
    // The store may have it, too, when this hub begins to lead.
    this.#scheduled.get(notice.id)?.cancel();
    const cancel = this.#deps.clock.after(waitMs, then);
    this.#scheduled.set(notice.id, { notice, cancel });
  }

  /**
   * Removed first, so that no other hub sends it again if this one is killed now: a notice is worth less than the promise that it
   * comes once. The hub that leads by now has it from the store.
   */
  async #sendNow(notice: Notice): Promise<void> {
    const { clock, log, leads, store } = this.#deps;
    const { id, topic } = notice;
    try {
      // That it is gone after a try whose answer was lost is this hub's own doing: no other one leads.
      const isOurs = leads() && ((await store.take(id)) || this.#doubtful.has(id));
      this.#scheduled.delete(id);
      this.#doubtful.delete(id);
      if (!isOurs) return;
    } catch (error) {
      this.#doubtful.add(id);
      log.error({ id, reason: messageOf(error) }, 'notice not sent yet: its store is away');
      if (this.#scheduled.has(id)) this.#wait(notice, retryMs, () => void this.#sendNow(notice));
      return;
    }
    if (clock.now() - (notice.atMs ?? 0) > catchUpMs) {
      this.#counters.missed += 1;
      log.warn({ id, topic }, 'notice was due while no hub could send it');
      this.#remember({ ...notice, missed: true });
      return;
    }
    try {
      this.#remember({ ...notice, report: await this.#send(notice, 0) });
    } catch (error) {
      log.error({ id, reason: messageOf(error) }, 'notice not sent');
    }
  }

  #remember(notice: Notice): Notice {
    this.#past.push(notice);
    if (this.#past.length > keptSent) this.#past.shift();
    return notice;
  }

  /** To each device that the selector matches, whichever hub it is connected to. */
  async #send({ id, to, topic, data }: Notice, jitterMs: number): Promise<NoticeReport> {
    const { registry, spreads, elsewhere } = this.#deps;
    const order: NoticeOrder = { id, to, topic, data, jitterMs };
    const selected = await registry.select(to);
    const [here, there] = await Promise.all([spreads.finish(order), elsewhere?.finish(order)]);
    const sent = here.sent + (there?.delivered.sent ?? 0);
    const dropped = here.dropped + (there?.delivered.dropped ?? 0);
    const tooLarge = here.tooLarge + (there?.delivered.tooLarge ?? 0);
    const handled = sent + dropped + tooLarge;
    // Another hub may know of a device that was added this moment.
    const matched = Math.max(selected.length, handled);
    const offline = matched - handled;
    this.#counters.offline += offline;
    const silentHubs = there?.silentHubs ?? [];
    return { matched, sent, dropped, offline, tooLarge, ...(silentHubs.length > 0 && { silentHubs }) };
  }
}

function noReport(): NoticeReport {
  return { matched: 0, sent: 0, dropped: 0, offline: 0, tooLarge: 0 };
}

/** A notice that is too long for every device of its schedule can never be sent. */
function runReportOf({
  matched,
  sent,
  dropped,
  offline,
  tooLarge,
  silentHubs = [],
}: NoticeReport): RunReport {
  const reasons = Object.entries({
    'too long for the frames that the device takes (hello.maxFrame)': tooLarge,
    offline,
    dropped,
    'hubs did not answer': silentHubs.length,
  }).filter(([, devices]) => devices > 0);
  return {
    reached: sent,
    over: true,
    reason: reasons.map(([reason, devices]) => `${devices} ${reason}`).join(', '),
    impossible: matched > 0 && tooLarge === matched,
  };
}

function invalid(path: string, expected: string, got: string): HubError {
  return invalidInput({ path, keyword: 'limit', expected, got });
}
