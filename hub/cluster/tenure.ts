import { HubError, messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { Cancel, Clock } from '../../schemas/time/clock.ts';
import { isSame, lives, type HubStart, type SeenHub } from './hub-start.ts';
import { Judge } from './judge.ts';

export interface Beat {
  /** False: it was declared dead, and what it owned is somebody else's. */
  readonly mine: boolean;
  /** All starts of hubs that are known, this one too. */
  readonly hubs: readonly SeenHub[];
}

/** Every method may reject with HubError `database-failed`. */
export interface TenureStore {
  /** Shows others that this start of the hub lives, and who else does. */
  beat(): Promise<Beat>;
  /** Unless it has beaten since: what it owned may be taken over. @returns whether it is dead by this */
  declareDead(hub: SeenHub): Promise<boolean>;
  /** This start of the hub is over. */
  leave(): Promise<void>;
}

export interface TenureDeps {
  clock: Clock;
  log: Log;
  store: TenureStore;
  me: HubStart;
  /** It was declared dead: somebody else may own what this hub does. */
  lost: (error: HubError) => void;
}

export interface TenureFollower {
  /** A beat was answered. @param hubs all starts of hubs that are known */
  beaten?(hubs: readonly SeenHub[]): void;
  /** A beat was not answered. @param awayMs since the last one that was */
  unanswered?(awayMs: number): void;
  /** This hub has declared another one dead. */
  declared?(hub: SeenHub): void;
}

/** Why a hub gives up that is told so. */
export const declaredDead = 'another hub declared this one dead and took over its devices';
const beatMs = 1_000;
/** After its last beat that was answered a hub may act for so long, ms; by its own monotonic clock, from when it was sent. */
const fenceMs = 4_500;
/** Looks at an earlier start of the same hub, before it counts as over; one that lives beats in between. */
const looks = 3;

/**
 * Until when this start of the hub may act for what it owns. It is renewed by beats in the state that hubs share; who does not beat
 * is declared dead by the others, half a second after it has stopped by itself at the earliest.
 */
export class Tenure {
  readonly #deps: TenureDeps;
  readonly #judge = new Judge();
  readonly #followers: TenureFollower[] = [];
  /** When the last beat was sent that was answered, monotonic ms. */
  #answeredMs: number;
  #hubs: readonly SeenHub[] = [];
  #beating = false;
  #lost = false;
  #lastFault: string | undefined;
  /** Times at which it had to stop acting. */
  fences = 0;
  /** `turnedAwayMs` as of the last beat that was answered. */
  #turnedAwayBeforeMs = 0;
  #timer: Cancel | undefined;

  constructor(deps: TenureDeps) {
    this.#deps = deps;
    this.#answeredMs = deps.clock.monotonic();
  }

  follow(follower: TenureFollower): void {
    this.#followers.push(follower);
  }

  /**
   * Waits until every earlier start of this hub is over. From then on it knows which hubs there are.
   * @throws HubError `database-failed` when one of them lives: two hubs have one id
   */
  async begin(waitMs: (ms: number) => Promise<void>): Promise<void> {
    const { store } = this.#deps;
    const before = this.#earlier((await store.beat()).hubs);
    if (before.length > 0) await this.#endEarlier(before, waitMs);
    await this.#beat();
  }

  async #endEarlier(before: readonly SeenHub[], waitMs: (ms: number) => Promise<void>): Promise<void> {
    const { store, log } = this.#deps;
    let now: readonly SeenHub[] = [];
    for (let look = 1; look < looks; look += 1) {
      await waitMs(beatMs);
      now = this.#earlier((await store.beat()).hubs);
    }
    for (const hub of now) {
      const { id, incarnation, beat } = hub;
      if (before.find((each) => each.incarnation === incarnation)?.beat !== beat) {
        await store.leave();
        const note = `another process is the hub ${id}: two data folders have the same hub.id, so remove it from one of them`;
        throw new HubError('database-failed', note, { details: { reason: 'in-use', hub: id } });
      }
      log.warn({ incarnation }, 'an earlier start of this hub has ended without a goodbye');
      await store.declareDead(hub);
    }
  }

  start(): void {
    this.#timer = this.#deps.clock.every(beatMs, () => void this.#beat());
  }

  /** It may act: nobody else can have been told to do so. */
  holds(): boolean {
    return !this.#lost && this.#deps.clock.monotonic() - this.#answeredMs < fenceMs;
  }

  /** For how long the state did not answer, all in all, ms: in that time no device could connect. */
  get turnedAwayMs(): number {
    return this.#turnedAwayBy(this.#deps.clock.monotonic());
  }

  #turnedAwayBy(monotonicMs: number): number {
    return this.#turnedAwayBeforeMs + Math.max(0, monotonicMs - this.#answeredMs - 2 * beatMs);
  }

  /** For how long it may act without another beat, s. */
  leftSec(): number {
    if (this.#lost) return 0;
    return Math.max(0, fenceMs - (this.#deps.clock.monotonic() - this.#answeredMs)) / 1_000;
  }

  /** Why it may not, for a person. */
  get fault(): string | undefined {
    if (this.#lost) return 'this hub was declared dead';
    if (this.holds()) return undefined;
    const awayMs = this.#deps.clock.monotonic() - this.#answeredMs;
    return `no answer for ${Math.round(awayMs / 1000)} s${this.#lastFault === undefined ? '' : `: ${this.#lastFault}`}`;
  }

  /** As of the last beat that was answered. */
  get hubs(): readonly SeenHub[] {
    return this.#hubs;
  }

  /** Whether another hub of this name lives, as far as is known. */
  knows(id: string): boolean {
    return this.#hubs.some((hub) => hub.id === id && lives(hub));
  }

  /** Nothing is this hub's any more. */
  giveUp(why: string): void {
    if (this.#lost) return;
    this.#lost = true;
    const details = { reason: 'declared-dead' };
    this.#deps.lost(new HubError('database-failed', `${why}; this hub can be started again`, { details }));
  }

  async close(): Promise<void> {
    this.#timer?.();
    try {
      await this.#deps.store.leave();
    } catch (error) {
      // Others find that it does not beat.
      this.#deps.log.warn({ reason: messageOf(error) }, 'the state was left without a goodbye');
    }
  }

  #earlier(hubs: readonly SeenHub[]): SeenHub[] {
    const { id, incarnation } = this.#deps.me;
    return hubs.filter((hub) => hub.id === id && hub.incarnation !== incarnation && lives(hub));
  }

  async #beat(): Promise<void> {
    // One that takes long is not joined by others.
    if (this.#beating || this.#lost) return;
    this.#beating = true;
    const sentMs = this.#deps.clock.monotonic();
    try {
      const { mine, hubs } = await this.#deps.store.beat();
      if (!mine) this.giveUp(declaredDead);
      else {
        if (!this.holds()) this.fences += 1;
        this.#turnedAwayBeforeMs = this.#turnedAwayBy(sentMs);
        this.#answeredMs = sentMs;
        this.#lastFault = undefined;
        this.#hubs = hubs;
        await this.#judgeOthers(hubs);
        for (const follower of this.#followers) follower.beaten?.(hubs);
      }
    } catch (error) {
      this.#lastFault = messageOf(error);
      const awayMs = this.#deps.clock.monotonic() - this.#answeredMs;
      for (const follower of this.#followers) follower.unanswered?.(awayMs);
    } finally {
      this.#beating = false;
    }
  }

  async #judgeOthers(hubs: readonly SeenHub[]): Promise<void> {
    const { me, store, log, clock } = this.#deps;
    const others = hubs.filter((hub) => !isSame(hub, me));
    for (const hub of this.#judge.look(others, clock.monotonic())) {
      log.warn(
        { hub: hub.id, incarnation: hub.incarnation },
        'another hub does not beat any more: its devices are taken over',
      );
      if (!(await store.declareDead(hub))) continue;
      for (const follower of this.#followers) follower.declared?.(hub);
    }
  }
}
