/** Device types, over HTTP. */

import type { FastifyInstance } from 'fastify';
import { deviceTypeApi } from '../../../../schemas/api/device-types.ts';
import type { TypeViews } from '../../../admin/type-views.ts';
import { serve } from './serve-operation.ts';

/** As long as its file may be. */
const maxDefinitionBytes = 262_144;

export function serveDeviceTypes(app: FastifyInstance, operations: TypeViews): void {
  serve(app, deviceTypeApi.listDeviceTypes, async ({ mayShow }) => ({
    types: await operations.types(mayShow),
  }));
  serve(app, deviceTypeApi.showDeviceType, ({ params }) => operations.type(params.id));
  const bodyLimit = maxDefinitionBytes;
  // It changes nothing.
  const rules = { auditsItself: true, bodyLimit };
  serve(
    app,
    deviceTypeApi.checkDeviceType,
    ({ body, mayShow }) => operations.checkType(body, mayShow),
    rules,
  );
  serve(app, deviceTypeApi.publishDeviceType, ({ params, body }) => operations.publishType(params.id, body), {
    audit: 'device-type.publish',
    bodyLimit,
  });
}
