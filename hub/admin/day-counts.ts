import type { HubSnapshot } from '../../schemas/api/hub.ts';
import { messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { Clock } from '../../schemas/time/clock.ts';

type Counts = HubSnapshot['lastDay'];
type Kind = keyof Counts;
const kinds: readonly Kind[] = ['rejected', 'commands', 'closes', 'losses'];

const hourMs = 3_600_000;
const keptHours = 24;

/** What was counted in one hour. */
export interface StoredHour {
  /** Whole hours since 1970. */
  hour: number;
  counts: Counts;
}

/** Hours by their number as text. Every method may reject with HubError `database-failed`. */
export interface DayCountStore {
  /** What all hubs have counted. */
  load(): Promise<StoredHour[]>;
  /** Adds to what is stored of the hour, which other hubs count as well. */
  add(more: StoredHour): Promise<void>;
  remove(name: string): Promise<void>;
}

export interface DayCountsDeps {
  clock: Clock;
  log: Log;
  store: DayCountStore;
  /** Totals since the start, which only rise; a copy each time. */
  totals: () => Counts;
}

/** What was counted in the last 24 hours, over restarts: by the hour, from totals that others keep. */
export class DayCounts {
  readonly #deps: DayCountsDeps;
  /** As last read from the store. */
  #stored: StoredHour[] = [];
  /** What has come since, and is not in the store; and what is on its way there. */
  #unsaved: StoredHour[] = [];
  #saving: StoredHour[] = [];
  #underWay: Promise<void> | undefined;
  /** The totals that are in one of them already. */
  #counted: Counts = noCounts();
  /** Hours that were not saved, each time. They are saved later, unless the hub ends before. */
  saveFailures = 0;

  constructor(deps: DayCountsDeps) {
    this.#deps = deps;
  }

  async load(): Promise<void> {
    this.#stored = await this.#deps.store.load();
  }

  /** Sums of whole hours: of the last 23 and of this one. */
  report(): Counts {
    this.#count();
    const first = this.#hourNow() - keptHours + 1;
    const sum = noCounts();
    for (const each of [...this.#stored, ...this.#saving, ...this.#unsaved])
      if (each.hour >= first && !this.#isOld(each)) addTo(sum, each.counts);
    return sum;
  }

  /** To be called every few seconds. */
  save(): Promise<void> {
    this.#underWay ??= this.#save().finally(() => {
      this.#underWay = undefined;
    });
    return this.#underWay;
  }

  /** To be called at the end: also what was counted since the last call began. */
  async saveAll(): Promise<void> {
    await this.#underWay;
    await this.save();
  }

  async #save(): Promise<void> {
    const { store, log } = this.#deps;
    this.#count();
    if (this.#saving.length === 0) {
      this.#saving = this.#unsaved;
      this.#unsaved = [];
    }
    try {
      // What is counted meanwhile is apart: none of these changes any more.
      for (let [more] = this.#saving; more !== undefined; [more] = this.#saving) {
        await store.add(more);
        this.#saving.shift();
        this.#stored.push(more);
      }
      const stored = await store.load();
      const old = stored.filter((each) => this.#isOld(each));
      await Promise.all(old.map(({ hour }) => store.remove(String(hour))));
      this.#stored = stored.filter((each) => !old.includes(each));
    } catch (error) {
      this.saveFailures += Math.max(1, this.#saving.length);
      log.error({ error: messageOf(error) }, 'counts of the last day not saved');
    }
  }

  #hourNow(): number {
    return Math.floor(this.#deps.clock.now() / hourMs);
  }

  /** Adds what has happened since the last call to the present hour. */
  #count(): void {
    const totals = this.#deps.totals();
    for (const kind of kinds) {
      for (const [name, total] of Object.entries(totals[kind])) {
        const more = total - (this.#counted[kind][name] ?? 0);
        if (more > 0) this.#add(kind, name, more);
      }
    }
    this.#counted = totals;
  }

  #add(kind: Kind, name: string, more: number): void {
    const now = this.#hourNow();
    let hour = this.#unsaved.find((each) => each.hour === now);
    if (hour === undefined) {
      hour = { hour: now, counts: noCounts() };
      this.#unsaved.push(hour);
    }
    hour.counts[kind] = { ...hour.counts[kind], [name]: (hour.counts[kind][name] ?? 0) + more };
  }

  /** An hour ahead was counted by a clock that was wrong. The next one may be begun by another hub already. */
  #isOld({ hour }: StoredHour): boolean {
    const now = this.#hourNow();
    return now - hour >= keptHours || hour > now + 1;
  }
}

/** Both together. */
export function sumOfHour(one: StoredHour, other: StoredHour): StoredHour {
  const counts = noCounts();
  for (const each of [one, other]) addTo(counts, each.counts);
  return { hour: one.hour, counts };
}

function noCounts(): Counts {
  return { rejected: {}, commands: {}, closes: {}, losses: {} };
}

function addTo(sum: Counts, counts: Counts): void {
  for (const kind of kinds) {
    for (const [name, count] of Object.entries(counts[kind]))
      sum[kind] = { ...sum[kind], [name]: (sum[kind][name] ?? 0) + count };
  }
}
