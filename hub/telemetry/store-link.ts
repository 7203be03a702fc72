import { HubError, messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import { Backoff } from '../../schemas/time/backoff.ts';
import type { Cancel, Clock } from '../../schemas/time/clock.ts';
import { writeWhole, type WholeOutcome } from './refused-lines.ts';
import type { MetricsStore } from './store.ts';

export interface StoreLinkDeps {
  store: Pick<MetricsStore, 'write' | 'probe'>;
  clock: Clock;
  random: () => number;
  log: Log;
  /** Lines to write as the probe. If there are none, the store is only asked whether it is there. */
  probeSample: () => Promise<readonly string[]>;
}

export interface StoreLinkCounters {
  writes: number;
  failedWrites: number;
  /** How often the store went away. */
  outages: number;
}

/** Longest wait between two probes, ms, unless the server itself asks for more. */
const probeMaxMs = 15_000;
/** RFC 9110 §10.2.3 does not limit how long a server may ask for. */
const retryAfterMaxMs = 600_000;
/** Lines of a probe write. */
const probeLines = 100;

/**
 * Whether the store can be written to:
 *
 *     up ── a write fails, or is not answered in time ──▶ down ── a probe write succeeds ──▶ up
 *
 * While it is down, only the probe talks to the store. The waits between probes grow with jitter, or follow the
 * server's Retry-After.
 */
export class StoreLink {
  readonly #deps: StoreLinkDeps;
  readonly counters: StoreLinkCounters = { writes: 0, failedWrites: 0, outages: 0 };
  /** How long writes take lately, ms: each counts for an eighth. Null before the first. */
  writeMs: number | null = null;
  /** Why the store is down; undefined while it is up. */
  fault: string | undefined;
  readonly #followers: (() => void)[] = [];
  readonly #backoff: Backoff;
  #cancelProbe: Cancel | undefined;
  readonly #ended = new AbortController();

  constructor(deps: StoreLinkDeps) {
    this.#deps = deps;
    this.#backoff = new Backoff({ firstMs: 500, maxMs: probeMaxMs, random: deps.random });
  }

  get up(): boolean {
    return this.fault === undefined;
  }

  /** @param follower called each time the store answers a probe: at the start and after each outage */
  follow(follower: () => void): void {
    this.#followers.push(follower);
  }

  /**
   * Writes the lines and finds those the store refuses. A failure takes the link down.
   * @param withinMs for each request
   * @param searchMs for the search for refused lines altogether; unlimited when not given
   */
  async write(lines: readonly string[], withinMs: number, searchMs?: number): Promise<WholeOutcome> {
    const { clock } = this.#deps;
    const beganAt = clock.monotonic();
    const outcome = await this.#write(lines, withinMs, searchMs);
    const tookMs = clock.monotonic() - beganAt;
    this.writeMs = this.writeMs === null ? tookMs : this.writeMs + (tookMs - this.writeMs) / 8;
    if (outcome.kind === 'failed') this.#failed(outcome);
    else if (this.up) this.#backoff.reset();
    return outcome;
  }

  /** Asks the store who it is, before the first write if there is time, and without delaying anything. */
  start(): void {
    if (this.#cancelProbe !== undefined) return;
    this.#cancelProbe = this.#deps.clock.after(0, () => this.#probeNow());
  }

  /** Gives up on the requests in progress. */
  close(): void {
    this.#ended.abort();
    this.#cancelProbe?.();
  }

  async #write(lines: readonly string[], withinMs: number, searchMs?: number): Promise<WholeOutcome> {
    const { store, clock } = this.#deps;
    this.counters.writes += 1;
    try {
      return await writeWhole(
        { write: (part) => this.#answer(withinMs, (signal) => store.write(part, signal)) },
        lines,
        searchMs === undefined ? undefined : { clock, withinMs: searchMs },
      );
    } catch (error) {
      return { kind: 'failed', reason: messageOf(error) };
    }
  }

  #failed({ reason, retryAfterMs, needsPerson }: Extract<WholeOutcome, { kind: 'failed' }>): void {
    const { log } = this.#deps;
    this.counters.failedWrites += 1;
    if (this.up) {
      this.counters.outages += 1;
      if (needsPerson === true) log.error({ reason }, 'the store accepts nothing: lines are spooled');
      else log.warn({ reason }, 'the store is unavailable: lines are spooled');
    }
    this.fault = reason;
    this.#probeLater(retryAfterMs);
  }

  #probeLater(retryAfterMs = 0): void {
    if (this.#ended.signal.aborted || this.#cancelProbe !== undefined) return;
    const waitMs = Math.max(this.#backoff.next(), Math.min(retryAfterMs, retryAfterMaxMs));
    this.#cancelProbe = this.#deps.clock.after(waitMs, () => this.#probeNow());
  }

  #probeNow(): void {
    this.#probe().catch((error: unknown) => {
      this.#deps.log.error({ reason: messageOf(error) }, 'the probe of the store failed');
    });
  }

  /** The store itself must answer, and must accept lines if there are some. */
  async #probe(): Promise<void> {
    const { log, store, probeSample } = this.#deps;
    let name = '';
    let outcome: WholeOutcome = { kind: 'done', refused: new Map() };
    try {
      name = await this.#answer(probeMaxMs, () => store.probe());
      const lines = this.up ? [] : (await probeSample().catch(() => [])).slice(0, probeLines);
      if (lines.length > 0) outcome = await this.#write(lines, probeMaxMs);
    } catch (error) {
      const { reason, needsPerson, retryAfterMs } = error instanceof HubError ? error.details : {};
      outcome = {
        kind: 'failed',
        reason: typeof reason === 'string' ? reason : messageOf(error),
        needsPerson: needsPerson === true,
        ...(typeof retryAfterMs === 'number' ? { retryAfterMs } : {}),
      };
    }
    this.#cancelProbe = undefined;
    if (this.#ended.signal.aborted) return;
    if (outcome.kind === 'failed') {
      this.#failed(outcome);
      return;
    }
    log.info({ store: name }, this.up ? 'the store answers' : 'the store is back');
    this.fault = undefined;
    for (const follower of this.#followers) follower();
  }

  /** The answer, or a rejection after `withinMs` or at the close; the request is aborted then. */
  async #answer<T>(withinMs: number, ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const gaveUp = new AbortController();
    const late = Promise.withResolvers<never>();
    const giveUp = (reason: string): void => {
      const error = new Error(reason);
      gaveUp.abort(error);
      late.reject(error);
    };
    const cancel = this.#deps.clock.after(withinMs, () => giveUp(`no answer within ${withinMs} ms`));
    const closed = (): void => giveUp('the hub is stopping');
    this.#ended.signal.addEventListener('abort', closed);
    try {
      return await Promise.race([ask(gaveUp.signal), late.promise]);
    } finally {
      cancel();
      this.#ended.signal.removeEventListener('abort', closed);
    }
  }
}
