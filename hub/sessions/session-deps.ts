import type { DeviceTypeCatalog } from '../../schemas/index.ts';
import type { CommandEvents } from '../commands/command-session.ts';
import type { Log } from '../kernel/log.ts';
import type { Clock } from '../../schemas/time/clock.ts';
import type { HubClock } from '../telemetry/clock/hub-clock.ts';
import type { Ingest } from '../telemetry/ingest.ts';
import type { AckSchedule } from './ack-schedule.ts';
import type { CloneGuard } from './clone-guard.ts';
import type { SessionOptions } from './hello.ts';
import type { Liveness } from '../presence/liveness.ts';
import type { NackFollower } from './nack.ts';
import type { PresenceKeeper } from '../presence/presence-keeper.ts';
import type { Registry } from '../registry/registry.ts';
import type { SessionCounters } from './session-counters.ts';
import type { Sessions } from './sessions.ts';
import type { DeviceEvents } from '../presence/device-events.ts';
import type { TwinEvents } from '../twins/twin-session.ts';
import type { UpdateEvents } from '../firmware/rollouts/update-session.ts';
import type { DeviceSession } from './device-session.ts';

/** What every session of the hub is given. */
export interface SessionDeps {
  clock: Clock;
  hubClock: Pick<HubClock, 'unusable' | 'reportedByDevice'>;
  log: Log;
  liveness: Liveness;
  catalog: DeviceTypeCatalog;
  ingest: Ingest;
  acks: AckSchedule;
  presence: PresenceKeeper;
  registry: Pick<Registry, 'addAnchorStep' | 'noteUptime'>;
  sessions: Sessions;
  commands: CommandEvents;
  twins: TwinEvents;
  updates: UpdateEvents;
  /** Called after the welcome. */
  opened: (session: DeviceSession) => void;
  clones: CloneGuard;
  nackFollowers: readonly NackFollower[];
  deviceEvents: DeviceEvents;
  counters: SessionCounters;
  options: SessionOptions;
}
