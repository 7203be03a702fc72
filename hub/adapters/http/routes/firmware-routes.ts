/** Firmware, over HTTP. */

import type { FastifyInstance } from 'fastify';
import { firmwareApi } from '../../../../schemas/api/firmware/firmware.ts';
import type { FirmwareOperations } from '../../../firmware/firmware-operations.ts';
import { requesterOf } from './command-routes.ts';
import { serve } from './serve-operation.ts';

export function serveFirmware(app: FastifyInstance, firmware: FirmwareOperations): void {
  serve(app, firmwareApi.listFirmware, () => ({ firmware: firmware.list() }));
  serve(app, firmwareApi.linkFirmware, (request) => firmware.link(request.body, requesterOf(request).actor), {
    audit: 'firmware.add',
  });
  serve(app, firmwareApi.showFirmware, ({ params }) => firmware.show(params.type, params.version));
  void app.register(async (files) => {
    files.removeAllContentTypeParsers();
    // A file is taken as it comes, chunk by chunk: whoever takes it bounds it.
    files.addContentTypeParser(firmwareApi.addFirmware.bodyMedia, (_request, payload, done) =>
      done(null, payload),
    );
    serve(
      files,
      firmwareApi.addFirmware,
      (request) =>
        firmware.add({ ...request.params, ...request.query }, request.raw, requesterOf(request).actor),
      { audit: 'firmware.add' },
    );
  });
  serve(app, firmwareApi.removeFirmware, ({ params }) => firmware.remove(params.type, params.version), {
    audit: 'firmware.remove',
  });
}
