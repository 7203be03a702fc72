/** What the console's pages show of the hub, over HTTP. */

import type { FastifyInstance } from 'fastify';
import { deviceTypeApi } from '../../../schemas/api/device-types.ts';
import { hubApi, type HubSnapshot } from '../../../schemas/api/hub.ts';
import type { AnswerOf } from '../../../schemas/api/operation.ts';
import { rejectApi, type RejectReport } from '../../../schemas/api/rejects.ts';
import type { TypeViews } from '../../admin/type-views.ts';
import type { MayShow } from '../../registry/visibility.ts';
import { serve } from './serve-operation.ts';

export interface ReadOperations extends TypeViews {
  /** @param mayShow not given: of all devices */
  hub(mayShow?: MayShow): Promise<HubSnapshot>;
  /** @param mayShow not given: of all devices */
  rejects(mayShow?: MayShow): RejectReport;
  /** An operator says that the machine's clock is right. */
  acceptClock(): AnswerOf<typeof hubApi.acceptClock>;
}

/** Adds `/api/v1/hub…`, `/api/v1/device-types…` and `/api/v1/rejects` to `app`. */
export function serveReads(app: FastifyInstance, operations: ReadOperations): void {
  serve(app, hubApi.showHub, ({ mayShow }) => operations.hub(mayShow));
  serve(app, hubApi.acceptClock, () => operations.acceptClock(), { audit: 'clock.accept' });
  serve(app, deviceTypeApi.listDeviceTypes, ({ mayShow }) => ({ types: operations.types(mayShow) }));
  serve(app, deviceTypeApi.showDeviceType, ({ params }) => operations.type(params.id));
  serve(app, rejectApi.listRejects, ({ mayShow }) => operations.rejects(mayShow));
}
