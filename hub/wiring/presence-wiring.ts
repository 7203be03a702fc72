import type { Publisher } from '../bus/bus.ts';
import type { Topics } from '../bus/topics.ts';
import { Followers } from '../kernel/followers.ts';
import { DeviceEvents } from '../presence/device-events.ts';
import { startLiveness, type Liveness } from '../presence/liveness.ts';
import { PresenceAnnouncer } from '../presence/presence-announcer.ts';
import type { PresenceFollower } from '../presence/presence-follower.ts';
import { PresenceKeeper } from '../presence/presence-keeper.ts';
import { exposePresence } from '../presence/presence-metrics.ts';
import type { Registry } from '../registry/registry.ts';
import { Removals } from '../registry/removals.ts';
import type { Admission } from '../sessions/admission.ts';
import { knownDevices } from '../presence/known-devices.ts';
import type { HubContext } from './context.ts';
import { keepSaving } from './saving.ts';
import type { HubState } from './state-wiring.ts';

export interface PresenceParts {
  keeper: PresenceKeeper;
  liveness: Liveness;
  announcer: PresenceAnnouncer;
  /** What has happened to each device lately. */
  events: DeviceEvents;
  removals: Removals;
  /** Who is notified of each change. */
  followers: Followers<PresenceFollower>;
  /** Takes up what an earlier hub left; to be called when everybody follows who must miss nothing. */
  load(): Promise<void>;
}

/** One wheel for all silences; a change goes to disk, then to the bus and to the others who follow. */
export function createPresence(
  hub: HubContext,
  deps: { state: HubState; registry: Registry; bus: Publisher; topics: Topics; admission: Admission },
): PresenceParts {
  const { config, log, clock, metrics, releasers } = hub;
  const { registry, bus, topics, admission } = deps;
  const { stores, hubIdentity, catalog, shared } = deps.state;
  const liveness = startLiveness({ clock, afterPoll: (run) => setImmediate(run) });
  releasers.push('liveness', () => liveness.close());
  const announcer = new PresenceAnnouncer({ publisher: bus, topics, log, hub: hubIdentity });
  const events = new DeviceEvents({ clock, log, store: stores.events });
  keepSaving(hub, 'device events', events.lists);
  const followers = new Followers<PresenceFollower>();
  followers.follow(announcer, events);
  const keeper = new PresenceKeeper({
    clock,
    log,
    liveness,
    store: stores.presence,
    turnedAway: shared === undefined ? [admission] : [admission, shared.tenure],
    followers: followers.all,
    several: shared !== undefined,
  });
  const removals = new Removals({
    store: stores.removals,
    log,
    clearPresence: (deviceId, cleared) => announcer.removed(deviceId, cleared),
  });
  exposePresence(metrics, { keeper, announcer, liveness, speaks: () => deps.state.leader.leads });
  return {
    keeper,
    liveness,
    announcer,
    events,
    removals,
    followers,
    async load() {
      await removals.load();
      await keeper.load(config.backoffMaxMs, knownDevices(registry.all(), catalog));
      releasers.push('presence', () => keeper.settled());
    },
  };
}
