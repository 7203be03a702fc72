import type { FleetSample } from '../../schemas/api/hub.ts';
import type { Clock } from '../../schemas/time/clock.ts';
import { messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';

/** From one sample to the next, ms: 288 of them make a day. */
export const fleetSampleMs = 300_000;
const keptMs = 86_400_000;

/** Samples by the time at which they began, as text. Every method may reject with HubError `database-failed`. */
export interface FleetCourseStore {
  load(): Promise<FleetSample[]>;
  save(name: string, sample: FleetSample): Promise<void>;
  remove(name: string): Promise<void>;
}

export interface FleetCourseDeps {
  clock: Clock;
  log: Log;
  store: FleetCourseStore;
  /** How many devices are in each state now. */
  byState: () => Readonly<Record<string, number>>;
  /** Whether it is this hub that takes the samples for all hubs. */
  leads: () => boolean;
}

/** How many devices were in each state over the last day, on disk: it outlives a restart, and every hub reads the same. */
export class FleetCourse {
  readonly #deps: FleetCourseDeps;
  /** The sample that is on disk already. */
  #savedMs = -1;
  /** Each time that a sample was not saved; it is tried again. */
  saveFailures = 0;

  constructor(deps: FleetCourseDeps) {
    this.#deps = deps;
  }

  /** Takes the sample of these five minutes, unless it is there. To be called more often than that, and at the end. */
  async save(): Promise<void> {
    const { clock, log, store, byState, leads } = this.#deps;
    const now = clock.now();
    const timeMs = Math.floor(now / fleetSampleMs) * fleetSampleMs;
    if (!leads() || timeMs === this.#savedMs) return;
    this.#savedMs = timeMs;
    try {
      await store.save(String(timeMs), { timeMs, byState: { ...byState() } });
      const old = (await store.load()).filter((sample) => !isRecent(sample, now));
      await Promise.all(old.map((sample) => store.remove(String(sample.timeMs))));
    } catch (error) {
      this.#savedMs = -1;
      this.saveFailures += 1;
      log.error({ error: messageOf(error) }, 'devices by state not saved');
    }
  }

  /** The samples of the last day, oldest first. @throws HubError `database-failed` */
  async samples(): Promise<FleetSample[]> {
    const now = this.#deps.clock.now();
    return (await this.#deps.store.load())
      .filter((sample) => isRecent(sample, now))
      .toSorted((a, b) => a.timeMs - b.timeMs);
  }
}

/** One that is ahead was taken by a clock that was wrong. */
function isRecent({ timeMs }: FleetSample, now: number): boolean {
  return timeMs <= now && now - timeMs < keptMs;
}
