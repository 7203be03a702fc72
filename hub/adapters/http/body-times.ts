/** How long the body of a request may take. */

import type { FastifyInstance } from 'fastify';
import { firmwareApi } from '../../../schemas/api/firmware/firmware.ts';

/** A request that dribbles in holds its socket no longer than this. */
export const bodyTimeoutMs = 10_000;
/** The largest firmware over a slow line. */
export const longestUploadMs = 3_600_000;
/** An upload of which nothing comes for so long is over. */
const idleUploadMs = 30_000;

/** Everything but a file is there within ten seconds; a file takes its time, as long as some of it comes. */
export function limitBodies(app: FastifyInstance): void {
  app.addHook('onRequest', ({ raw }, _reply, done) => {
    const { headers, socket } = raw;
    const isFile = headers['content-type'] === firmwareApi.addFirmware.bodyMedia;
    const hasBody = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
    if (hasBody && !raw.complete) {
      let read = socket.bytesRead;
      const timer = setInterval(
        () => {
          const goesOn = isFile && socket.bytesRead > read;
          read = socket.bytesRead;
          if (goesOn && !raw.complete) return;
          clearInterval(timer);
          // As Node does at its own limit.
          if (!raw.complete && !socket.destroyed)
            app.server.emit('clientError', new SlowBody('the body took too long'), socket);
        },
        isFile ? idleUploadMs : bodyTimeoutMs,
      );
      socket.once('close', () => clearInterval(timer));
      raw.once('end', () => clearInterval(timer));
    }
    done();
  });
}

class SlowBody extends Error {
  readonly code = 'ERR_HTTP_REQUEST_TIMEOUT';
}
