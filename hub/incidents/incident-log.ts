import { messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { Incident } from '../../schemas/api/incidents.ts';

/** An incident with all its devices, as the next hub resumes it. */
export interface StoredIncident extends Incident {
  /** Of an open one; a closed one is only listed. */
  members: readonly string[];
}

/** Every method may reject with HubError `database-failed`. */
export interface IncidentStore {
  /** Oldest first. */
  load(): Promise<StoredIncident[]>;
  /** Each replaces what was there under its id; the oldest closed ones beyond the bound are dropped. */
  save(incidents: readonly StoredIncident[]): Promise<void>;
}

export interface IncidentLogDeps {
  log: Log;
  store: IncidentStore;
  /** Publishes the incident on the bus. */
  publish: (incident: Incident) => Promise<void>;
}

/** Writes each change of an incident to disk, and only then publishes it: what was announced as open is also closed. */
export class IncidentLog {
  readonly #deps: IncidentLogDeps;
  #unsaved: { incident: StoredIncident; published: boolean }[] = [];
  #saving: Promise<void> | undefined;
  /** Changes not on disk (published all the same), and changes the bus did not take. */
  readonly lost = { 'not-saved': 0, 'not-published': 0 };

  constructor(deps: IncidentLogDeps) {
    this.#deps = deps;
  }

  /** To be kept and published. @param members all its devices */
  changed(incident: Incident, members: Iterable<string>): void {
    this.#keep(incident, members, true);
  }

  /** To be kept only. @param members all its devices */
  grew(incident: Incident, members: Iterable<string>): void {
    this.#keep(incident, members, false);
  }

  /** Resolves when every change so far is on disk and handed to the bus. */
  async settled(): Promise<void> {
    while (this.#saving !== undefined) await this.#saving;
  }

  #keep(incident: Incident, members: Iterable<string>, published: boolean): void {
    const kept = incident.state === 'open' ? [...members] : [];
    this.#unsaved.push({ incident: { ...incident, members: kept }, published });
    this.#saving ??= this.#save();
  }

  async #save(): Promise<void> {
    const { log, store } = this.#deps;
    while (this.#unsaved.length > 0) {
      const changes = this.#unsaved;
      this.#unsaved = [];
      try {
        await store.save(changes.map(({ incident }) => incident));
      } catch (error) {
        this.lost['not-saved'] += changes.length;
        log.error({ reason: messageOf(error), changes: changes.length }, 'incidents not saved');
      }
      for (const { incident, published } of changes) {
        const { members: _, ...rest } = incident;
        if (published) this.#publish(rest);
      }
    }
    this.#saving = undefined;
  }

  #publish(incident: Incident): void {
    const { log, publish } = this.#deps;
    const { id, kind, state, scope, subject, devices, sample } = incident;
    log[state === 'open' ? 'warn' : 'info'](
      { id, kind, scope, subject, devices, sample: sample.slice(0, 3) },
      `incident ${state}`,
    );
    publish(incident).catch((error: unknown) => {
      this.lost['not-published'] += 1;
      log.warn({ id, reason: messageOf(error) }, 'incident not published');
    });
  }
}
