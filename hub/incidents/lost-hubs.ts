import { lives, startName, type SeenHub } from '../cluster/hub-start.ts';
import type { TenureFollower } from '../cluster/tenure.ts';
import { messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';

export interface LostHubsDeps {
  log: Log;
  /** Of several hubs it is the leader that tells of the others. */
  leads: () => boolean;
  /** Takes up the open incidents of hubs that have ended. */
  resume: () => Promise<void>;
  /** The hubs that are told as lost. */
  told: () => readonly string[];
  /** Others found that this hub does not beat any more; or it has begun again, or is forgotten. */
  changed: (hub: string, raised: boolean) => void;
}

/** Hubs that have ended without a goodbye and have not begun again. Their devices are with the others by then, or come back to them. */
export class LostHubs implements TenureFollower {
  readonly #deps: LostHubsDeps;
  /** What an earlier leader has told is taken up: until then it would be told twice. */
  #resumed = false;
  #living = '';

  constructor(deps: LostHubsDeps) {
    this.#deps = deps;
  }

  /** This hub leads, or is alone. @throws HubError `database-failed` */
  async begin(): Promise<void> {
    await this.#deps.resume();
    this.#resumed = true;
  }

  beaten(hubs: readonly SeenHub[]): void {
    const { leads, told, changed } = this.#deps;
    if (!leads() || !this.#resumed) return;
    const newest = new Map<string, SeenHub>();
    for (const hub of hubs)
      if (hub.incarnation > (newest.get(hub.id)?.incarnation ?? 0)) newest.set(hub.id, hub);
    const lost = new Set([...newest.values()].filter(({ state }) => state === 'dead').map(({ id }) => id));
    for (const hub of lost) changed(hub, true);
    for (const hub of told()) if (!lost.has(hub)) changed(hub, false);
    const living = hubs.filter(lives).map(startName).join();
    if (living !== this.#living) void this.#takeUp(living);
  }

  async #takeUp(living: string): Promise<void> {
    const before = this.#living;
    this.#living = living;
    try {
      await this.#deps.resume();
    } catch (error) {
      // The next beat tries again.
      this.#living = before;
      this.#deps.log.debug({ reason: messageOf(error) }, 'incidents of other hubs cannot be read now');
    }
  }
}
