/** Device types, over HTTP. */

import type { FastifyInstance } from 'fastify';
import { deviceTypeApi } from '../../../../schemas/api/device-types.ts';
import type { TypeViews } from '../../../admin/type-views.ts';
import { serve } from './serve-operation.ts';

export function serveDeviceTypes(app: FastifyInstance, operations: TypeViews): void {
  serve(app, deviceTypeApi.listDeviceTypes, async ({ mayShow }) => ({
    types: await operations.types(mayShow),
  }));
  serve(app, deviceTypeApi.showDeviceType, ({ params }) => operations.type(params.id));
}
