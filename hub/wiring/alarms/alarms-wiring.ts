import { alarmingFaults } from '../../admin/readiness.ts';
import type { AlarmFollower } from '../../alarms/alarm-follower.ts';
import { exposeAlarms } from '../../alarms/alarm-metrics.ts';
import { createAlarmOperations, type AlarmOperations } from '../../alarms/alarm-operations.ts';
import { AlarmPublisher } from '../../alarms/alarm-publisher.ts';
import { viewOf } from '../../alarms/alarm-view.ts';
import { Alarms } from '../../alarms/alarms.ts';
import { DeviceProblems } from '../../alarms/device-problems.ts';
import { HubProblems } from '../../alarms/hub-problems.ts';
import { LimitWatch } from '../../alarms/limit-watch.ts';
import type { Webhooks } from '../../alarms/webhooks.ts';
import type { Bus } from '../../bus/bus.ts';
import type { Topics } from '../../bus/topics.ts';
import type { Mail } from '../../cluster/mail.ts';
import { Followers } from '../../kernel/followers.ts';
import type { Registry } from '../../registry/registry.ts';
import type { Sessions } from '../../sessions/sessions.ts';
import type { CommandParts } from '../commands/commands-wiring.ts';
import type { HubContext } from '../context.ts';
import type { IncidentParts } from '../incidents-wiring.ts';
import type { PresenceParts } from '../presence-wiring.ts';
import { keepSaving } from '../saving.ts';
import type { HubState } from '../state-wiring.ts';
import type { Telemetry } from '../telemetry-wiring.ts';
import type { TwinParts } from '../twins-wiring.ts';
import { shareAlarms } from './shared-alarms-wiring.ts';
import { createSilences } from './silences-wiring.ts';
import { startWebhooks } from './webhooks-wiring.ts';

export interface AlarmParts {
  keeper: Alarms;
  /** Who is notified of each change. */
  followers: Followers<AlarmFollower>;
  /** To the operators' API. */
  operations: { alarms: AlarmOperations; webhooks: Webhooks };
  /** The broker is there, for the first time or again. */
  busConnected(): void;
  /** Another hub has changed something. */
  readNews(): Promise<void>;
}

const sweepMs = 1_000;
const pruneMs = 3_600_000;

/** What is wrong with devices and the hub, who deals with it, and who is not to hear of it for a while. */
export async function startAlarms(
  hub: HubContext,
  deps: {
    state: HubState;
    registry: Registry;
    sessions: Sessions;
    telemetry: Telemetry;
    presence: PresenceParts;
    incidents: IncidentParts;
    twins: TwinParts;
    commands: CommandParts;
    bus: Bus;
    topics: Topics;
    mail: Mail | undefined;
  },
): Promise<AlarmParts> {
  const { clock, log, metrics, releasers } = hub;
  const { registry, sessions, telemetry, presence, incidents, twins, commands, bus, topics } = deps;
  const { stores, audit, hubIdentity, leader, shared } = deps.state;
  const recordOf = (device: string) => registry.get(device);
  const typeOf = (device: string) => sessions.typeOf(device);
  const followers = new Followers<AlarmFollower>();
  const silences = createSilences(hub, deps);
  const { webhooks, outbox, readDeliveries } = await startWebhooks(hub, deps);
  const alarms = new Alarms({
    clock,
    log,
    audit,
    store: stores.alarms,
    isRegistered: (device) => recordOf(device) !== undefined,
    isSilenced: (device) => silences.covers(device),
    followers: followers.all,
    leads: () => leader.leads,
    webhooks: outbox,
  });
  silences.follow(() => alarms.silencesChanged());
  const readNews = await shareAlarms(hub, { ...deps, alarms, silences, webhooks, followers, readDeliveries });
  await silences.load();
  await alarms.load();
  releasers.push('alarms', () => alarms.close());
  const several = shared !== undefined;
  const publisher = new AlarmPublisher({ clock, publisher: bus, topics, log, hub: hubIdentity, several });
  followers.follow(publisher, telemetry.alarmRecorder);

  const isExplained = (device: string) => incidents.keeper.explains(device);
  const limits = new LimitWatch({ clock, alarms });
  followers.follow(limits);
  const devices = new DeviceProblems({ clock, alarms, typeOf, isExplained, leads: () => leader.leads });
  const itself = new HubProblems({ clock, alarms, faults: () => alarmingFaults({ ...telemetry, bus }) });
  telemetry.readingFollowers.follow(limits, devices);
  presence.followers.follow(devices);
  incidents.followers.follow(devices);
  twins.followers.follow(devices);
  commands.followers.follow(devices);
  registry.follow(devices, limits);
  const known = registry.all().map(({ id }) => [id, presence.keeper.get(id)] as const);
  devices.resume(known, twins.keeper.standings());
  for (const part of [silences, devices, itself]) {
    releasers.push(
      'alarm sweep',
      clock.every(sweepMs, () => part.sweep()),
    );
  }
  keepSaving(hub, 'ended silences', { save: () => silences.prune() }, pruneMs);
  exposeAlarms(metrics, { alarms, silences, publisher, webhooks });
  return {
    keeper: alarms,
    followers,
    operations: { alarms: createAlarmOperations({ alarms, silences, recordOf }), webhooks },
    busConnected: () => publisher.repeat([...alarms.all()].map(viewOf)),
    readNews,
  };
}
