import { isClosed, messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { Incident } from '../../schemas/api/incidents.ts';
import type { Clock } from '../../schemas/time/clock.ts';

/** An incident with all its devices, as the next hub resumes it. */
export interface StoredIncident extends Incident {
  /** Of an open one; a closed one is only listed. */
  members: readonly string[];
  /** The bus is not known to have it as it is: it is published again after the next start. */
  owed?: true | undefined;
}

interface Unsaved {
  incident: StoredIncident;
  /** `publish`: it is published then; `published`: it was, and nothing else is new. */
  why: 'publish' | 'grew' | 'published';
}

/** Every method may reject with HubError `database-failed`. */
export interface IncidentStore {
  /**
   * Those that are over, and open ones that this hub tells of: of several hubs it takes over those of hubs that have ended. Oldest
   * first.
   */
  load(): Promise<StoredIncident[]>;
  /** Those that another hub tells of. Oldest first. */
  ofOthers(): Promise<Incident[]>;
  /**
   * Each replaces what was there under its id, unless another hub tells of it by now; the oldest closed ones beyond the bound are
   * dropped.
   */
  save(incidents: readonly StoredIncident[]): Promise<void>;
}

export interface IncidentLogDeps {
  clock: Clock;
  log: Log;
  store: IncidentStore;
  /** Publishes the incident on the bus. */
  publish: (incident: Incident) => Promise<void>;
  /** Another hub resumes what is on disk when this one ends: what is not is not published, because nobody would close it. */
  several?: boolean | undefined;
}

/** After a save that failed, while others may resume incidents, ms. */
const saveAgainMs = 1_000;

/**
 * Writes each change of an incident to disk, and only then publishes it: what was announced as open is also closed. What the bus did
 * not take before the hub ended is published by the next one: a listener may get a change twice, and never misses the last one.
 */
export class IncidentLog {
  readonly #deps: IncidentLogDeps;
  #unsaved: Unsaved[] = [];
  /** As they are on disk, or soon will be: those that the bus does not have yet. */
  readonly #owed = new Map<string, StoredIncident>();
  #saving: Promise<void> | undefined;
  /** Changes not on disk (a hub that is alone publishes them all the same), and changes the bus did not take. */
  readonly lost = { 'not-saved': 0, 'not-published': 0 };

  constructor(deps: IncidentLogDeps) {
    this.#deps = deps;
  }

  /** Publishes what an earlier hub did not get to publish. @param stored as it was left on disk */
  resume(stored: readonly StoredIncident[]): void {
    for (const incident of stored) {
      if (incident.owed !== true) continue;
      this.#owed.set(incident.id, incident);
      this.#publish(incident);
    }
  }

  /** To be kept and published. @param members all its devices */
  changed(incident: Incident, members: Iterable<string>): void {
    this.#keep({ ...incident, members: membersOf(incident, members), owed: true }, 'publish');
  }

  /** To be kept only. @param members all its devices */
  grew(incident: Incident, members: Iterable<string>): void {
    const owed = this.#owed.has(incident.id) ? { owed: true as const } : {};
    this.#keep({ ...incident, members: membersOf(incident, members), ...owed }, 'grew');
  }

  /** Resolves when every change so far is on disk and handed to the bus. */
  async settled(): Promise<void> {
    while (this.#saving !== undefined) await this.#saving;
  }

  #keep(incident: StoredIncident, why: Unsaved['why']): void {
    if (incident.owed === true) this.#owed.set(incident.id, incident);
    this.#unsaved.push({ incident, why });
    this.#saving ??= this.#save();
  }

  async #save(): Promise<void> {
    const { clock, log, store, several } = this.#deps;
    while (this.#unsaved.length > 0) {
      const changes = this.#unsaved;
      this.#unsaved = [];
      try {
        await store.save(changes.map(({ incident }) => incident));
      } catch (error) {
        const lost = changes.filter(({ why }) => why !== 'published').length;
        if (lost > 0) log.error({ reason: messageOf(error), changes: lost }, 'incidents not saved');
        if (several === true && !isClosed(error)) {
          this.#unsaved = [...changes, ...this.#unsaved];
          clock.after(saveAgainMs, () => {
            this.#saving ??= this.#save();
          });
          break;
        }
        this.lost['not-saved'] += lost;
        if (several === true) continue;
      }
      for (const { incident, why } of changes) if (why === 'publish') this.#publish(incident);
    }
    this.#saving = undefined;
  }

  #publish(stored: StoredIncident): void {
    const { log, publish } = this.#deps;
    const { members: _, owed: __, ...incident } = stored;
    const { id, kind, state, scope, subject, devices, sample } = incident;
    log[state === 'open' ? 'warn' : 'info'](
      { id, kind, scope, subject, devices, sample: sample.slice(0, 3) },
      `incident ${state}`,
    );
    publish(incident).then(
      () => this.#published(stored),
      (error: unknown) => {
        this.lost['not-published'] += 1;
        log.warn({ id, reason: messageOf(error) }, 'incident not published');
      },
    );
  }

  #published({ id, state }: StoredIncident): void {
    const now = this.#owed.get(id);
    // Its end is still to be published.
    if (now?.state !== state) return;
    this.#owed.delete(id);
    const { owed: _, ...incident } = now;
    this.#keep(incident, 'published');
  }
}

/** Of a closed one nobody asks. */
function membersOf({ state }: Incident, members: Iterable<string>): string[] {
  return state === 'open' ? [...members] : [];
}
