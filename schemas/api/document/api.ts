/** The operators' API: every operation of every resource. */

import { webhookApi } from '../webhooks/webhooks.ts';
import { alarmApi } from '../alarms.ts';
import { auditApi } from '../audit.ts';
import { commandApi } from '../commands/commands.ts';
import { credentialApi } from '../credentials.ts';
import { deviceTypeApi } from '../device-types.ts';
import { deviceApi } from '../devices.ts';
import { enrolmentApi } from '../enrolments.ts';
import { frameApi } from '../frames/frames.ts';
import { firmwareApi } from '../firmware/firmware.ts';
import { rolloutApi } from '../firmware/rollouts.ts';
import { groupTwinApi } from '../twins/group-twins.ts';
import { groupApi } from '../commands/group-commands.ts';
import { healthApi } from '../health.ts';
import { hubApi } from '../hub.ts';
import { incidentApi } from '../incidents.ts';
import { ledgerApi } from '../telemetry/ledger.ts';
import { liveApi } from '../live.ts';
import { noticeApi } from '../notices.ts';
import { operatorApi } from '../operators.ts';
import { presenceHistoryApi } from '../presence-history.ts';
import { readingApi } from '../telemetry/readings.ts';
import { nackApi, rejectApi } from '../telemetry/rejects.ts';
import { scheduleApi } from '../commands/schedules.ts';
import { sessionApi } from '../session.ts';
import { spoolApi } from '../telemetry/spool.ts';
import { twinApi } from '../twins/twins.ts';
import type { AnswerOf, BodyOf, Operation, ParamsOf, QueryOf } from '../operation.ts';

const api = {
  ...sessionApi,
  ...operatorApi,
  ...deviceApi,
  ...twinApi,
  ...groupTwinApi,
  ...firmwareApi,
  ...rolloutApi,
  ...credentialApi,
  ...enrolmentApi,
  ...incidentApi,
  ...alarmApi,
  ...webhookApi,
  ...noticeApi,
  ...readingApi,
  ...presenceHistoryApi,
  ...nackApi,
  ...frameApi,
  ...commandApi,
  ...groupApi,
  ...scheduleApi,
  ...deviceTypeApi,
  ...rejectApi,
  ...ledgerApi,
  ...spoolApi,
  ...hubApi,
  ...liveApi,
  ...auditApi,
  ...healthApi,
};

export const operations: readonly Operation[] = Object.values(api);

type Api = typeof api;
type ByRoute = { [Id in keyof Api as `${Api[Id]['method']} ${Api[Id]['path']}`]: Api[Id] };

/** Every operation by its method and path, so that a client needs the types alone: `GET /api/v1/devices/{id}`. */
export type ApiRoute = keyof ByRoute;

type Part<Name extends string, Value> = undefined extends Value
  ? object
  : Partial<Value> extends Value
    ? { readonly [Key in Name]?: Value }
    : { readonly [Key in Name]: Value };

/** By route, so that TypeScript resolves each type once, and none while the route is still a type parameter. */
type Requests = {
  [Route in ApiRoute]: Part<'params', ParamsOf<ByRoute[Route]>> &
    Part<'query', QueryOf<ByRoute[Route]>> &
    Part<'body', BodyOf<ByRoute[Route]>>;
};
type Answers = { [Route in ApiRoute]: AnswerOf<ByRoute[Route]> };

/** The request of a caller: those of `params`, `query` and `body` that the operation has. */
export type RequestTo<Route extends ApiRoute> = Requests[Route];

export type AnswerTo<Route extends ApiRoute> = Answers[Route];
