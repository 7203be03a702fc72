/** Every resource of the operators' API, one line each: a new one gets its file here and its line in `serveApi`. */

import type { FastifyInstance } from 'fastify';
import type { ClusterStatus, ConfigSetting } from '../../../../schemas/api/hub.ts';
import type { AdminOperations } from '../../../admin/admin-operations.ts';
import type { CredentialOperations } from '../../../admin/credential-operations.ts';
import type { DeviceHistory } from '../../../admin/device-history.ts';
import type { FrameViews } from '../../../admin/frame-views.ts';
import type { LiveFeed } from '../../../admin/live-feed.ts';
import type { TypeViews } from '../../../admin/type-views.ts';
import type { AlarmOperations } from '../../../alarms/alarm-operations.ts';
import type { WatchPeers } from '../../../cluster/peers.ts';
import type { CommandOperations } from '../../../commands/command-operations.ts';
import type { GroupOperations } from '../../../commands/group/group-operations.ts';
import type { FirmwareOperations } from '../../../firmware/firmware-operations.ts';
import type { RolloutOperations } from '../../../firmware/rollouts/rollout-operations.ts';
import type { Schedules } from '../../../schedules/schedules.ts';
import type { TwinOperations } from '../../../twins/twin-operations.ts';
import { serveAlarms } from './alarm-routes.ts';
import { serveAudit, type AuditOperations } from './audit-routes.ts';
import { serveCommands } from './command-routes.ts';
import { serveCredentials } from './credential-routes.ts';
import { serveDevices } from './device-routes.ts';
import { serveDeviceTypes } from './device-type-routes.ts';
import { serveEnrolments, type EnrolmentOperations } from './enrolment-routes.ts';
import { serveFrames } from './frame-routes.ts';
import { serveFirmware } from './firmware-routes.ts';
import { serveGroups } from './group-command-routes.ts';
import { serveGroupTwins, type GroupTwinOperations } from './group-twin-routes.ts';
import { serveApiDocument } from './health-routes.ts';
import { serveHub, type HubOperations } from './hub-routes.ts';
import { serveIncidents } from './incident-routes.ts';
import { serveLedger } from './ledger-routes.ts';
import { serveLive } from './live-routes.ts';
import { serveNotices } from './notice-routes.ts';
import { serveOperators, type OperatorOperations } from './operator-routes.ts';
import { servePresenceHistory } from './presence-history-routes.ts';
import { serveReadings } from './reading-routes.ts';
import { serveRejects, type RejectOperations } from './reject-routes.ts';
import { serveRollouts } from './rollout-routes.ts';
import { serveSchedules } from './schedule-routes.ts';
import { serveSpool } from './spool-routes.ts';
import { serveTwins } from './twin-routes.ts';
import { serveWebhooks, type WebhookOperations } from './webhook-routes.ts';

/** What operators can ask of the hub as a whole and of its devices. */
export type ViewOperations = AdminOperations &
  DeviceHistory &
  HubOperations &
  RejectOperations &
  TypeViews & { frames: Pick<FrameViews, 'list'> };

export interface ApiOperations extends AuditOperations {
  views: ViewOperations;
  /** Hubs that are one with this one. */
  cluster: () => Promise<ClusterStatus>;
  /** The configuration in effect. */
  settings: readonly ConfigSetting[];
  live: LiveFeed;
  /** The live feeds of other hubs. */
  watchElsewhere?: WatchPeers | undefined;
  commands: CommandOperations;
  groups: GroupOperations;
  schedules: Schedules;
  twins: TwinOperations;
  groupTwins: GroupTwinOperations;
  firmware: FirmwareOperations;
  rollouts: RolloutOperations;
  alarms: AlarmOperations;
  webhooks: WebhookOperations;
  credentials: CredentialOperations;
  enrolments: EnrolmentOperations;
  operators: OperatorOperations;
}

/**
 * Adds the whole API to `app`, which takes upgrades. Not in this list: the session of an operator, which only the TCP
 * listener has (`../session-routes.ts`), and health and metrics, which need no login (`serveHealth`).
 */
export function serveApi(app: FastifyInstance, operations: ApiOperations): void {
  const { views } = operations;
  serveApiDocument(app);
  serveHub(app, views, operations);
  serveDevices(app, views);
  servePresenceHistory(app, views);
  serveTwins(app, operations.twins);
  serveGroupTwins(app, operations.groupTwins);
  serveFirmware(app, operations.firmware);
  serveRollouts(app, operations.rollouts);
  serveReadings(app, views);
  serveRejects(app, views);
  serveFrames(app, views.frames);
  serveDeviceTypes(app, views);
  serveIncidents(app, views);
  serveAlarms(app, operations.alarms);
  serveWebhooks(app, operations.webhooks);
  serveNotices(app, views);
  serveLedger(app, views);
  serveSpool(app, views);
  serveLive(app, operations.live, operations.watchElsewhere);
  serveCommands(app, operations.commands);
  serveGroups(app, operations.groups);
  serveSchedules(app, operations.schedules);
  serveCredentials(app, operations.credentials);
  serveEnrolments(app, operations.enrolments);
  serveOperators(app, operations.operators);
  serveAudit(app, operations);
}
