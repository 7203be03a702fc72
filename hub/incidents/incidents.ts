import { incidentKinds, type Incident, type Scope } from '../../schemas/api/incidents.ts';
import type { PresenceReason } from '../../schemas/presence-states.ts';
import type { Cancel, Clock } from '../../schemas/time/clock.ts';
import { withoutUndefined } from '../kernel/without-undefined.ts';
import type { MayShow } from '../registry/visibility.ts';
import { CorrelatedLoss } from './correlated-loss.ts';
import type { LossGroup } from './correlated-loss.ts';
import { Flapping } from './flapping.ts';
import type { StoredIncident } from './incident-log.ts';
import { isHubWide } from '../presence/presence.ts';
import type { Presence } from '../../schemas/api/presence.ts';
import type { PresenceFollower } from '../presence/presence-follower.ts';
import type { IncidentFollower } from './incident-follower.ts';

export interface IncidentsDeps {
  clock: Clock;
  /** New at each start of the hub; first part of the ids. */
  startName: string;
  /** What the device shares with others. */
  scopesOf: (deviceId: string) => Scope[];
  /** Other devices joined an open incident: worth keeping, but not worth another alert. */
  grew: (incident: Incident, members: Iterable<string>) => void;
  /** Notified when an incident opens, widens and closes. */
  followers: readonly IncidentFollower[];
}

/** What an incident is about. */
interface About extends Pick<Incident, 'scope' | 'of' | 'subject' | 'limit'> {
  deviceId?: string;
}

/** Incidents that are kept to be listed; beyond, the oldest closed ones are dropped first. */
const kept = 1_000;
const sampleSize = 20;
const sweepMs = 1_000;

const losses: ReadonlySet<PresenceReason> = new Set([
  'closed-without-bye',
  'connection-broke',
  'link-lost',
  'no-heartbeat',
  'not-seen-since-restart',
]);

/**
 * Groups what would be many alerts into one incident: flapping devices, fights for an id, devices lost together,
 * schedules whose times are refused.
 */
export class Incidents {
  readonly #deps: IncidentsDeps;
  readonly #flapping = new Flapping();
  readonly #correlated = new CorrelatedLoss();
  /** Lost, and not back yet. */
  readonly #lost = new Set<string>();
  /** Those about one device, or one subject that is none. */
  readonly #byKindAndSubject = new Map<string, Incident>();
  readonly #byGroup = new Map<LossGroup, Incident>();
  readonly #all: Incident[] = [];
  #stop: Cancel = () => undefined;
  #lastId = 0;
  /** Opened so far, by kind. */
  readonly counters = noneOfEach();

  constructor(deps: IncidentsDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#stop = this.#deps.clock.every(sweepMs, () => this.#sweep());
  }

  close(): void {
    this.#stop();
  }

  /**
   * Resumes the incidents of an earlier hub: an open one stays open under its id, and closes when it is over. Those that are known are
   * passed over.
   * @param incidents oldest first
   * @param presenceOf of a device that is registered
   * @returns devices whose id two devices fought for: the guard must watch them again
   */
  resume(
    incidents: readonly StoredIncident[],
    presenceOf: (deviceId: string) => Presence | undefined,
  ): string[] {
    const cloned: string[] = [];
    const known = new Set(this.#all.map(({ id }) => id));
    for (const { members, owed: _, ...incident } of incidents) {
      if (known.has(incident.id)) continue;
      this.#all.push(incident);
      if (incident.state === 'closed') continue;
      if (incident.kind === 'shared-topics') {
        // The other hub is reported again when the broker is connected, if it is still there.
        this.#end(incident, members);
        continue;
      }
      if (incident.subject !== undefined) {
        this.#byKindAndSubject.set(`${incident.kind} ${incident.subject}`, incident);
        continue;
      }
      const registered = members.filter((deviceId) => presenceOf(deviceId) !== undefined);
      const [deviceId] = registered;
      if (deviceId === undefined) {
        this.#end(incident, members);
      } else if (incident.scope !== undefined) {
        const away = registered.filter((id) => isLost(presenceOf(id)));
        for (const id of away) this.#lost.add(id);
        this.#byGroup.set(this.#correlated.resume(incident.scope, registered, away, incident.of), incident);
      } else {
        this.#byKindAndSubject.set(`${incident.kind} ${deviceId}`, incident);
        switch (incident.kind) {
          case 'flapping':
            this.#flapping.resume(deviceId, this.#deps.clock.monotonic());
            break;
          case 'cloned-credential':
            cloned.push(deviceId);
            break;
          case 'correlated-loss':
          case 'schedule-refused':
          case 'connections-cut':
          case 'hub-lost':
          // Those have a scope or a subject, and are resumed above.
        }
      }
    }
    return cloned;
  }

  /** Newest first. @param mayShow as of `visibleTo` */
  list(mayShow?: MayShow): Incident[] {
    return this.#all.toReversed().flatMap((incident) => visibleTo(incident, mayShow) ?? []);
  }

  /** How many are open, by kind. */
  openByKind(): Record<Incident['kind'], number> {
    const counts = noneOfEach();
    for (const { kind, state } of this.#all) if (state === 'open') counts[kind] += 1;
    return counts;
  }

  /** Whether an open incident explains that the device is away. */
  explains(deviceId: string): boolean {
    return this.#correlated.covers(deviceId);
  }

  /** Changes at whichever hub: of all hubs it is the leader that looks for what they have in common. */
  ofAllHubs(leader: { readonly leads: boolean }): PresenceFollower {
    const changed = (deviceId: string, presence: Presence): void => {
      if (leader.leads) this.presenceChanged(deviceId, presence);
    };
    return { presenceChanged: changed, changedElsewhere: changed };
  }

  /** Every change of presence, in order. */
  presenceChanged(deviceId: string, presence: Presence): void {
    // Neither a loss nor a goodbye of the device: an incident that it is part of continues.
    if (isHubWide(presence)) return;
    const { state, reason } = presence;
    const nowMs = this.#deps.clock.monotonic();
    if (state === 'online') {
      this.#lost.delete(deviceId);
      this.#correlated.online(deviceId, this.#deps.scopesOf(deviceId));
      if (reason === 'session-replaced') this.#flapped(deviceId, nowMs);
    } else if (losses.has(reason)) {
      if (this.#lost.has(deviceId)) return;
      this.#lost.add(deviceId);
      this.#correlated.lost(deviceId, this.#deps.scopesOf(deviceId), nowMs);
      if (reason !== 'not-seen-since-restart') this.#flapped(deviceId, nowMs);
    } else if (reason !== 'heartbeat-late') {
      this.#lost.delete(deviceId);
      this.#correlated.forget(deviceId);
    }
  }

  /** Two devices fight for one id, or have stopped. */
  cloned(deviceId: string, raised: boolean): void {
    if (raised) this.#open('cloned-credential', [deviceId], { deviceId });
    else this.#closeOf('cloned-credential', deviceId);
  }

  /** Another hub uses the same topics of the broker, or has stopped doing so. */
  topicsShared(hubId: string, raised: boolean): void {
    this.#about('shared-topics', hubId, raised);
  }

  /** A hub of the cluster has ended without a goodbye; or it is back. */
  hubLost(hubId: string, raised: boolean): void {
    this.#about('hub-lost', hubId, raised);
  }

  /** Times of a schedule are refused one after the other; or one was sent, or the schedule is gone. */
  scheduleRefused(name: string, raised: boolean): void {
    this.#about('schedule-refused', name, raised);
  }

  /** The hub cuts connections from a network that holds its limit of them, or has stopped doing so. */
  connectionsCut(network: string, limit: number, raised: boolean): void {
    this.#about('connections-cut', network, raised, { limit });
  }

  /** The subjects of the open incidents of a kind. */
  openSubjects(kind: Incident['kind']): string[] {
    return this.#all.flatMap((one) => (one.kind === kind && one.state === 'open' ? (one.subject ?? []) : []));
  }

  removed(deviceId: string): void {
    this.#lost.delete(deviceId);
    this.#correlated.forget(deviceId);
    this.#flapping.forget(deviceId);
    this.#closeOf('flapping', deviceId);
    this.#closeOf('cloned-credential', deviceId);
  }

  #about(kind: Incident['kind'], subject: string, raised: boolean, more: About = {}): void {
    if (!raised) this.#closeOf(kind, subject);
    else if (!this.#byKindAndSubject.has(`${kind} ${subject}`)) this.#open(kind, [], { subject, ...more });
  }

  #flapped(deviceId: string, nowMs: number): void {
    // A site that comes and goes is one incident; a fight for the id is another.
    if (this.#correlated.covers(deviceId) || this.#byKindAndSubject.has(`cloned-credential ${deviceId}`))
      return;
    if (this.#flapping.lost(deviceId, nowMs)) this.#open('flapping', [deviceId], { deviceId });
  }

  #sweep(): void {
    const nowMs = this.#deps.clock.monotonic();
    for (const deviceId of this.#flapping.sweep(nowMs)) this.#closeOf('flapping', deviceId);
    const { began, widened, ended } = this.#correlated.sweep(nowMs);
    for (const group of ended) {
      const incident = this.#byGroup.get(group);
      this.#byGroup.delete(group);
      if (incident !== undefined) this.#end(incident, group.members);
    }
    for (const group of widened) {
      const incident = this.#byGroup.get(group);
      if (incident === undefined) continue;
      describe(incident, group.members);
      incident.scope = group.scope;
      incident.of = group.of;
      this.#notify(incident, group.members);
    }
    for (const [group, incident] of this.#byGroup) {
      if (incident.devices === group.members.size) continue;
      describe(incident, group.members);
      incident.of = group.of;
      this.#deps.grew(incident, group.members);
    }
    for (const group of began) {
      this.#byGroup.set(group, this.#open('correlated-loss', group.members, group));
    }
  }

  #open(
    kind: Incident['kind'],
    devices: Iterable<string>,
    { deviceId, scope, of, subject, limit }: About,
  ): Incident {
    const incident: Incident = {
      id: `${this.#deps.startName}-${(this.#lastId += 1)}`,
      kind,
      state: 'open',
      sinceMs: this.#deps.clock.now(),
      ...withoutUndefined({ scope, of, subject, limit }),
      devices: 0,
      sample: [],
    };
    const members = [...devices];
    describe(incident, members);
    this.counters[kind] += 1;
    this.#all.push(incident);
    if (this.#all.length > kept) {
      this.#all.splice(
        Math.max(
          0,
          this.#all.findIndex((one) => one.state === 'closed'),
        ),
        1,
      );
    }
    const one = deviceId ?? subject;
    if (one !== undefined) this.#byKindAndSubject.set(`${kind} ${one}`, incident);
    this.#notify(incident, members);
    return incident;
  }

  /** @param one the device, or the subject */
  #closeOf(kind: Incident['kind'], one: string): void {
    const incident = this.#byKindAndSubject.get(`${kind} ${one}`);
    if (incident === undefined) return;
    this.#byKindAndSubject.delete(`${kind} ${one}`);
    this.#end(incident, incident.subject === undefined ? [one] : []);
  }

  #end(incident: Incident, devices: Iterable<string>): void {
    describe(incident, devices);
    incident.state = 'closed';
    incident.untilMs = this.#deps.clock.now();
    this.#notify(incident, []);
  }

  #notify(incident: Incident, members: Iterable<string>): void {
    for (const follower of this.#deps.followers) follower.incidentChanged({ ...incident }, members);
  }
}

function isLost(presence: Presence | undefined): boolean {
  return presence?.state === 'offline' && losses.has(presence.reason);
}

/**
 * The incident as shown to somebody who may see only some devices: those of its sample, if there are any.
 * @param mayShow not given: all
 */
export function visibleTo(incident: Incident, mayShow: MayShow | undefined): Incident | undefined {
  if (mayShow === undefined) return incident;
  const sample = incident.sample.filter(mayShow);
  if (sample.length === 0) return undefined;
  // If the viewer may see the whole sample, the totals are shown too.
  if (sample.length === incident.sample.length) return incident;
  const { of: _of, ...rest } = incident;
  return { ...rest, devices: sample.length, sample };
}

function describe(incident: Incident, devices: Iterable<string>): void {
  const ids = [...devices];
  incident.devices = ids.length;
  incident.sample = ids.slice(0, sampleSize);
}

/** @returns one that sweeps by itself until it is closed */
export function startIncidents(deps: IncidentsDeps): Incidents {
  const started = new Incidents(deps);
  started.start();
  return started;
}

function noneOfEach(): Record<Incident['kind'], number> {
  return Object.fromEntries(incidentKinds.map((kind) => [kind, 0])) as Record<Incident['kind'], number>;
}
