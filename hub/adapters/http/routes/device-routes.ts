/** Devices, over HTTP. */

import type { FastifyInstance } from 'fastify';
import { deviceApi } from '../../../../schemas/api/devices.ts';
import type { AdminOperations, DeviceOperations } from '../../../admin/admin-operations.ts';
import { HubError } from '../../../kernel/errors.ts';
import { serve } from './serve-operation.ts';

export function serveDevices(
  app: FastifyInstance,
  operations: DeviceOperations & Pick<AdminOperations, 'why'>,
): void {
  serve(
    app,
    deviceApi.addDevices,
    async ({ body }) => {
      refuseRepeats(body.ids);
      return { devices: await operations.addDevices(body) };
    },
    { audit: 'device.add' },
  );
  serve(app, deviceApi.listDevices, ({ query, mayShow }) => operations.listDevices(query, mayShow));
  serve(app, deviceApi.countDevices, async ({ query, mayShow }) => ({
    groups: [...(await operations.countDevices(query.by, mayShow))],
  }));
  serve(app, deviceApi.showDevice, ({ params }) => operations.showDevice(params.id));
  serve(app, deviceApi.labelDevice, ({ params, body }) => operations.labelDevice(params.id, body), {
    audit: 'device.label',
    auditsBody: true,
  });
  serve(app, deviceApi.removeDevice, ({ params }) => operations.removeDevice(params.id), {
    audit: 'device.remove',
  });
  serve(app, deviceApi.explainPresence, ({ params }) => operations.why(params.id));
}

function refuseRepeats(ids: readonly string[]): void {
  const seen = new Set<string>();
  for (const id of ids) {
    if (seen.has(id)) throw new HubError('input-invalid', `${id} is named twice`, { details: { id } });
    seen.add(id);
  }
}
