import type { Marks } from '../../schemas/api/presence.ts';
import type { Clock } from '../../schemas/time/clock.ts';
import type { Liveness, Watch } from '../presence/liveness.ts';

/** When the link, the application and the data of one session last showed a sign of life, in liveness time. */
export class SignsOfLife {
  readonly #liveness: Liveness;
  /** Made by presence when the session opens; it notes each frame. */
  watch: Watch | undefined;
  pongAt = 0;
  /** 0: no data frame yet. */
  #dataAt = 0;

  constructor(liveness: Liveness) {
    this.#liveness = liveness;
  }

  pong(): void {
    this.pongAt = this.#liveness.now;
  }

  data(): void {
    this.#dataAt = this.#liveness.now;
  }

  /** Unix ms. */
  marks(clock: Clock): Marks {
    const nowMs = clock.now();
    const { now } = this.#liveness;
    const at = (livenessMs: number): number => Math.round(nowMs - (now - livenessMs));
    return {
      ...(this.pongAt === 0 ? {} : { pongMs: at(this.pongAt) }),
      frameMs: at(this.watch?.heardAt ?? now),
      ...(this.#dataAt === 0 ? {} : { dataMs: at(this.#dataAt) }),
    };
  }
}
