import { messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import { isSame, lives, type HubStart, type SeenHub } from './hub-start.ts';
import type { TenureFollower } from './tenure.ts';

/** `leader`: what is done once for all hubs. `gate`: the requests that come over MQTT. */
export const leaseNames = ['leader', 'gate'] as const;
export type LeaseName = (typeof leaseNames)[number];

export interface Lease {
  readonly name: string;
  /** Rises with each holder. */
  readonly token: number;
  readonly holder?: HubStart;
}

/** Every method may reject with HubError `database-failed`. */
export interface LeaseStore {
  leases(): Promise<readonly Lease[]>;
  /**
   * @param seenToken as `leases` gave it
   * @returns its new token; undefined: somebody holds it who lives, or has taken it since
   */
  take(name: LeaseName, seenToken: number): Promise<number | undefined>;
}

/** Does something while this hub holds a lease. */
export interface LeaseFollower {
  gained(token: number): void;
}

export interface LeasesDeps {
  log: Log;
  store: LeaseStore;
  me: HubStart;
}

/**
 * What one hub of all does. A lease is worth as much as the hub that holds it: it is taken when its holder has ended, and a hub
 * that was declared dead does not live to see that it has lost one.
 */
export class Leases implements TenureFollower {
  readonly #deps: LeasesDeps;
  readonly #held = new Map<LeaseName, number>();
  readonly #followers = new Map<LeaseName, LeaseFollower[]>();
  #known: readonly Lease[] = [];
  #looking = false;

  constructor(deps: LeasesDeps) {
    this.#deps = deps;
  }

  /** Called at once when it is held already. */
  follow(name: LeaseName, follower: LeaseFollower): void {
    this.#followers.set(name, [...(this.#followers.get(name) ?? []), follower]);
    const token = this.#held.get(name);
    if (token !== undefined) follower.gained(token);
  }

  holds(name: LeaseName): boolean {
    return this.#held.has(name);
  }

  /** As they were at the last look. */
  get known(): readonly Lease[] {
    return this.#known;
  }

  beaten(hubs: readonly SeenHub[]): void {
    void this.look(hubs);
  }

  /** Takes those whose holder has ended. */
  async look(hubs: readonly SeenHub[]): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      this.#known = await this.#deps.store.leases();
      for (const name of leaseNames) {
        const lease = this.#known.find((each) => each.name === name);
        if (lease === undefined) continue;
        const { holder, token } = lease;
        const isHeld = holder !== undefined && hubs.some((hub) => isSame(hub, holder) && lives(hub));
        if (!isHeld) await this.#take(name, token);
        // Taken in a statement whose answer was lost.
        else if (isSame(holder, this.#deps.me) && !this.#held.has(name)) this.#gain(name, token);
      }
    } catch (error) {
      this.#deps.log.debug({ reason: messageOf(error) }, 'the leases cannot be read now');
    } finally {
      this.#looking = false;
    }
  }

  async #take(name: LeaseName, seenToken: number): Promise<void> {
    const token = await this.#deps.store.take(name, seenToken);
    if (token !== undefined) this.#gain(name, token);
  }

  #gain(name: LeaseName, token: number): void {
    this.#held.set(name, token);
    const mine = { name, token, holder: this.#deps.me };
    this.#known = this.#known.map((lease) => (lease.name === name ? mine : lease));
    this.#deps.log.info({ lease: name, token }, 'this hub has a lease');
    for (const follower of this.#followers.get(name) ?? []) follower.gained(token);
  }
}
