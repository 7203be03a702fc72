import type { SeenHub } from '../cluster/hub-start.ts';
import type { TenureFollower } from '../cluster/tenure.ts';

export interface LostHubsDeps {
  /** False: another hub tells of it, or what an earlier one has told is not taken up yet. */
  tells: () => boolean;
  /** The hubs that are told as lost. */
  told: () => readonly string[];
  /** Others found that this hub does not beat any more; or it has begun again, or is forgotten. */
  changed: (hub: string, raised: boolean) => void;
}

/** Hubs that have ended without a goodbye and have not begun again. Their devices are with the others by then, or come back to them. */
export class LostHubs implements TenureFollower {
  readonly #deps: LostHubsDeps;

  constructor(deps: LostHubsDeps) {
    this.#deps = deps;
  }

  beaten(hubs: readonly SeenHub[]): void {
    const { tells, told, changed } = this.#deps;
    if (!tells()) return;
    const newest = new Map<string, SeenHub>();
    for (const hub of hubs)
      if (hub.incarnation > (newest.get(hub.id)?.incarnation ?? 0)) newest.set(hub.id, hub);
    const lost = new Set([...newest.values()].filter(({ state }) => state === 'dead').map(({ id }) => id));
    for (const hub of lost) changed(hub, true);
    for (const hub of told()) if (!lost.has(hub)) changed(hub, false);
  }
}
