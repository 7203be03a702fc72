import type { TestContext } from 'node:test';
import type { SessionFacts } from '../../../hub/presence/last-session.ts';
import { startLiveness, type Liveness } from '../../../hub/presence/liveness.ts';
import { PresenceKeeper } from '../../../hub/presence/presence-keeper.ts';
import type { WatchedLink } from '../../../hub/presence/watched-link.ts';
import type { Marks } from '../../../schemas/api/presence.ts';
import { ManualClock } from '../clock.ts';
import { MemoryPresenceStore } from '../devices/memory-devices.ts';
import { silentLog } from '../silent-log.ts';
import { startMs } from '../start-time.ts';

/** A link whose stack answers pings for as long as `answers` says so. */
class FakeLink implements WatchedLink {
  readonly #liveness: Liveness;
  pongAt = 0;
  pings = 0;
  answers = true;
  silences = 0;
  readonly address = '192.0.2.1';
  readonly type = { id: 'sensor@2' };
  readonly firmware = '2.1';
  clock: SessionFacts['clock'];

  constructor(liveness: Liveness) {
    this.#liveness = liveness;
  }

  marks(): Marks {
    return {};
  }

  readonly outbox = {
    sentAt: 0,
    ping: (): void => {
      this.pings += 1;
      this.outbox.sentAt = this.#liveness.now;
      if (this.answers) this.pongAt = this.#liveness.now;
    },
  };

  takenOver(): void {}
  silent(): void {
    this.silences += 1;
  }
}

/** A keeper whose changes `told` tells. @param several other hubs judge devices, too */
export function startKeeper(t: TestContext, store = new MemoryPresenceStore(), several = false) {
  const clock = new ManualClock(startMs);
  const liveness = startLiveness({ clock, afterPoll: (run) => run() });
  t.after(() => liveness.close());
  const changes: string[] = [];
  const turnedAway = { turnedAwayMs: 0 };
  const hooks = { changed: (): void => {} };
  const keeper = new PresenceKeeper({
    clock,
    log: silentLog,
    liveness,
    store,
    several,
    turnedAway: [turnedAway],
    followers: [
      {
        presenceChanged(id, { state, reason }) {
          changes.push(`${id} ${state} ${reason}`);
          hooks.changed();
        },
      },
    ],
  });
  /** Tells what has changed since the last call. */
  async function told(): Promise<string[]> {
    await keeper.settled();
    return changes.splice(0);
  }
  const link = (): FakeLink => new FakeLink(liveness);
  return { clock, liveness, keeper, store, hooks, told, link, turnedAway };
}

export const timing = { heartbeatMs: 1_000, graceMs: 500 };
export const first = { ...timing, epoch: 1 };
