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
  load(): Promise<StoredHour[]>;
  save(name: string, hour: StoredHour): Promise<void>;
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
  #hours: StoredHour[] = [];
  /** The totals that are in `#hours` already. */
  #counted: Counts = noCounts();
  readonly #unsaved = new Set<StoredHour>();
  /** Hours that no report shows any more, still in the store. */
  readonly #old = new Set<number>();
  /** Hours that were not saved, each time. They are saved later, unless the hub ends before. */
  saveFailures = 0;

  constructor(deps: DayCountsDeps) {
    this.#deps = deps;
  }

  async load(): Promise<void> {
    this.#hours = await this.#deps.store.load();
  }

  /** Sums of whole hours: of the last 23 and of this one. */
  report(): Counts {
    this.#count();
    const first = this.#hourNow() - keptHours + 1;
    const sum = noCounts();
    for (const { hour, counts } of this.#hours) if (hour >= first) addTo(sum, counts);
    return sum;
  }

  /** To be called every few seconds, and at the end. */
  async save(): Promise<void> {
    const { store, log } = this.#deps;
    this.#count();
    this.#forgetOld();
    const old = [...this.#old];
    const changed = this.#hours.filter((hour) => this.#unsaved.has(hour));
    this.#unsaved.clear();
    try {
      await Promise.all([
        ...changed.map((hour) => store.save(String(hour.hour), hour)),
        ...old.map((hour) => store.remove(String(hour))),
      ]);
      for (const hour of old) this.#old.delete(hour);
    } catch (error) {
      this.saveFailures += changed.length;
      for (const hour of changed) this.#unsaved.add(hour);
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
    // It may have been forgotten as one to come, by a clock that was set back meanwhile.
    this.#old.delete(now);
    let hour = this.#hours.find((each) => each.hour === now);
    if (hour === undefined) {
      hour = { hour: now, counts: noCounts() };
      this.#hours.push(hour);
    }
    hour.counts[kind] = { ...hour.counts[kind], [name]: (hour.counts[kind][name] ?? 0) + more };
    this.#unsaved.add(hour);
  }

  #forgetOld(): void {
    const now = this.#hourNow();
    // An hour ahead was counted by a clock that was wrong.
    const isOld = ({ hour }: StoredHour): boolean => now - hour >= keptHours || hour > now;
    for (const { hour } of this.#hours.filter(isOld)) this.#old.add(hour);
    this.#hours = this.#hours.filter((each) => !isOld(each));
  }
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
