import type { HubStart, SeenHub } from './hub-start.ts';
import { declaredDead, type Tenure, type TenureFollower } from './tenure.ts';

/** How long a hub that is cut off may keep its devices, ms: until then nobody may call them offline. */
export const holdMs = 60_000;

export interface IsolationDeps {
  me: HubStart;
  tenure: Pick<Tenure, 'giveUp'>;
  /** Whether others could reach this hub over the broker. */
  hearsOthers: () => boolean;
  /** A hint to a hub that was declared dead, and that may still have devices. */
  writeDead: (hub: SeenHub) => void;
}

/**
 * A hub that does not reach the state keeps its devices, and their readings are stored, until it hears over the broker that it was
 * declared dead, or has heard nothing of anybody for too long. Then it ends, so that its devices connect elsewhere.
 */
export class Isolation implements TenureFollower {
  readonly #deps: IsolationDeps;

  constructor(deps: IsolationDeps) {
    this.#deps = deps;
  }

  declared(hub: SeenHub): void {
    this.#deps.writeDead(hub);
  }

  unanswered(awayMs: number): void {
    const { tenure, hearsOthers } = this.#deps;
    if (awayMs >= holdMs && !hearsOthers())
      tenure.giveUp('neither the state nor the broker was reached for a minute');
  }

  /** Another hub has declared this start of a hub dead. */
  declaredDead(incarnation: number): void {
    const { me, tenure } = this.#deps;
    if (incarnation === me.incarnation) tenure.giveUp(declaredDead);
  }
}
