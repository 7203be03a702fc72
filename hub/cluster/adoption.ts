import { messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { Clock } from '../../schemas/time/clock.ts';
import { lives, startName, type HubStart, type SeenHub } from './hub-start.ts';
import type { TenureFollower } from './tenure.ts';

/** Every method may reject with HubError `database-failed`. */
export interface AdoptionStore {
  /**
   * Takes over devices of a hub that has ended, each together with its commands.
   * @returns those that somebody has to care for, and the others, which are nobody's now; none: nothing is left
   */
  adopt(ended: HubStart, atMost: number): Promise<{ kept: readonly string[]; left: readonly string[] }>;
  /** The devices of this hub, and the epochs of their last sessions. */
  owned(): Promise<ReadonlyMap<string, number>>;
  /** How many devices each start of a hub has. */
  shares(): Promise<readonly (HubStart & { devices: number })[]>;
}

export interface AdoptionDeps {
  clock: Clock;
  log: Log;
  store: AdoptionStore;
  /** These devices are ours now. */
  adopted: (deviceIds: readonly string[]) => Promise<void>;
  /** These devices are away, and were of a hub that has ended. */
  left: (deviceIds: readonly string[]) => Promise<void>;
}

const pageSize = 1_000;
/** Something that was under way while a hub ended may have left a device behind it, ms. */
const lookAgainMs = 10_000;

/** Takes over what hubs leave that have ended: page by page, because all the others do it, too. */
export class Adoption implements TenureFollower {
  readonly #deps: AdoptionDeps;
  /** Of which nothing was left at the last look. */
  readonly #emptied = new Set<string>();
  #lookedMs: number;
  /** What was known of these is not published yet. */
  #away: string[] = [];
  #running: Promise<void> | undefined;
  /** Devices that were taken over. */
  devices = 0;
  /** Why devices are not taken over; undefined: none are left. */
  fault: string | undefined;

  constructor(deps: AdoptionDeps) {
    this.#deps = deps;
    this.#lookedMs = deps.clock.monotonic();
  }

  beaten(hubs: readonly SeenHub[]): void {
    void this.run(hubs);
  }

  /** Resolves when nothing is left of those that have ended, or the state does not answer. */
  run(hubs: readonly SeenHub[]): Promise<void> {
    this.#running ??= this.#run(hubs).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #run(hubs: readonly SeenHub[]): Promise<void> {
    const nowMs = this.#deps.clock.monotonic();
    if (nowMs - this.#lookedMs >= lookAgainMs) {
      this.#emptied.clear();
      this.#lookedMs = nowMs;
    }
    await this.#leave().catch((error: unknown) =>
      this.#deps.log.warn({ reason: messageOf(error) }, 'how devices were is not published yet'),
    );
    for (const hub of hubs) {
      if (lives(hub) || this.#emptied.has(startName(hub))) continue;
      try {
        await this.#empty(hub);
        this.#emptied.add(startName(hub));
        this.fault = undefined;
      } catch (error) {
        this.fault = `devices of ${hub.id} are not taken over: ${messageOf(error)}`;
        this.#deps.log.warn({ hub: hub.id, reason: messageOf(error) }, 'devices are not taken over yet');
        return;
      }
    }
  }

  async #leave(): Promise<void> {
    const ids = this.#away;
    if (ids.length === 0) return;
    await this.#deps.left(ids);
    this.#away = this.#away.slice(ids.length);
  }

  async #empty(hub: SeenHub): Promise<void> {
    const { store, adopted, log } = this.#deps;
    let devices = 0;
    for (;;) {
      const { kept, left } = await store.adopt(hub, pageSize);
      if (kept.length + left.length === 0) break;
      this.#away.push(...left);
      await this.#leave();
      if (kept.length > 0) await adopted(kept);
      devices += kept.length;
    }
    this.devices += devices;
    if (devices > 0)
      log.info({ hub: hub.id, incarnation: hub.incarnation, devices }, 'devices of another hub taken over');
  }
}
