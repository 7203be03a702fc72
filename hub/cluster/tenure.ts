import { HubError, messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { Cancel, Clock } from '../../schemas/time/clock.ts';

/** Another hub that uses the same state. */
export interface OtherHub {
  readonly id: string;
  readonly inc: number;
  /** Rises while it lives. */
  readonly beat: number;
}

/** Every method may reject with HubError `database-failed`. */
export interface TenureStore {
  /** Shows others that this start of the hub lives. False: it was declared dead, and what it owned is somebody else's. */
  beat(): Promise<boolean>;
  /** Those that have neither left nor been declared dead. */
  others(): Promise<OtherHub[]>;
  /** Unless it has beaten since: what it owned may be taken over. */
  declareDead(hub: OtherHub): Promise<void>;
  /** This start of the hub is over. */
  leave(): Promise<void>;
}

export interface TenureDeps {
  clock: Clock;
  log: Log;
  store: TenureStore;
  /** It was declared dead: somebody else may own what this hub does. */
  lost: (error: HubError) => void;
}

const beatMs = 1_000;
/** After its last beat that was answered a hub may act for so long, ms; by its own monotonic clock, from when it was sent. */
const fenceMs = 4_500;
/** Looks at a hub that may be dead, before it counts as such; one that lives beats in between. */
const looks = 4;

/** Until when this start of the hub may act for what it owns. It is renewed by beats in the state that hubs share. */
export class Tenure {
  readonly #deps: TenureDeps;
  /** When the last beat was sent that was answered, monotonic ms. */
  #answeredMs: number;
  #beating = false;
  #lost = false;
  #lastFault: string | undefined;
  #timer: Cancel | undefined;

  constructor(deps: TenureDeps) {
    this.#deps = deps;
    this.#answeredMs = deps.clock.monotonic();
  }

  /**
   * Waits until every other hub is known to be dead.
   * @throws HubError `database-failed` when one of them lives
   */
  async begin(waitMs: (ms: number) => Promise<void>): Promise<void> {
    const { store, log } = this.#deps;
    await this.#beat();
    const before = await store.others();
    if (before.length === 0) return;
    for (let look = 1; look < looks; look += 1) {
      await waitMs(beatMs);
      await this.#beat();
    }
    const now = await store.others();
    for (const hub of before) {
      const again = now.find(({ id, inc }) => id === hub.id && inc === hub.inc);
      if (again === undefined) continue;
      if (again.beat !== hub.beat) {
        const note = `the hub ${hub.id} uses it: stop that one, or give this one another database (HUB_STATE_URL)`;
        throw new HubError('database-failed', note, { details: { reason: 'in-use', hub: hub.id } });
      }
      log.warn({ hub: hub.id, incarnation: hub.inc }, 'another hub has ended without a goodbye');
      await store.declareDead(again);
    }
  }

  start(): void {
    this.#timer = this.#deps.clock.every(beatMs, () => void this.#beat());
  }

  /** It may act: nobody else can have been told to do so. */
  holds(): boolean {
    return !this.#lost && this.#deps.clock.monotonic() - this.#answeredMs < fenceMs;
  }

  /** Why it may not, for a person. */
  get fault(): string | undefined {
    if (this.#lost) return 'this hub was declared dead';
    if (this.holds()) return undefined;
    const awayMs = this.#deps.clock.monotonic() - this.#answeredMs;
    return `no answer for ${Math.round(awayMs / 1000)} s${this.#lastFault === undefined ? '' : `: ${this.#lastFault}`}`;
  }

  async close(): Promise<void> {
    this.#timer?.();
    try {
      await this.#deps.store.leave();
    } catch (error) {
      // The next start finds that it does not beat.
      this.#deps.log.warn({ reason: messageOf(error) }, 'the state was left without a goodbye');
    }
  }

  async #beat(): Promise<void> {
    // One that takes long is not joined by others.
    if (this.#beating || this.#lost) return;
    this.#beating = true;
    const sentMs = this.#deps.clock.monotonic();
    try {
      if (await this.#deps.store.beat()) {
        this.#answeredMs = sentMs;
        this.#lastFault = undefined;
      } else this.#loses();
    } catch (error) {
      this.#lastFault = messageOf(error);
    } finally {
      this.#beating = false;
    }
  }

  #loses(): void {
    this.#lost = true;
    const note = 'another hub declared this one dead and took over its devices; it can be started again';
    this.#deps.lost(new HubError('database-failed', note, { details: { reason: 'declared-dead' } }));
  }
}
