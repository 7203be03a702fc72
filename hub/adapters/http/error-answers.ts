/** How a refusal looks over HTTP: `{error: {code, message, details}}`. */

import type { FastifyError, FastifyInstance, FastifyReply } from 'fastify';
import { errorCodes, statusOfReason, type RefusalCode } from '../../../schemas/api/error-codes.ts';
import type { Refusal } from '../../../schemas/api/refusal.ts';
import { HubError } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/log.ts';
import { collectMethods } from './allowed-methods.ts';

/** Undefined: a fault that is none of the caller's business. */
function httpStatusOf({ code, details }: HubError): number | undefined {
  return code === 'command-refused' ? statusOfReason(details['reason']) : errorCodes[code].status;
}

/** The codes of fastify's own faults; all others of the request are `input-invalid`. */
const codeOf: Readonly<Record<number, RefusalCode>> = {
  413: 'body-too-large',
  415: 'content-type-unsupported',
};

function bodyOf({ code, message, details }: HubError): Refusal {
  const empty = Object.keys(details).length === 0;
  return { error: { code: code as RefusalCode, message, ...(empty ? {} : { details }) } };
}

/** Gives `app` these answers for faults, unknown paths and bodies that break their schema. */
export function answerFaults(app: FastifyInstance, log: Log): void {
  const methodsOf = collectMethods(app);
  app.setNotFoundHandler(({ method, url }, reply) => {
    const [path = ''] = url.split('?');
    const methods = methodsOf(path);
    if (methods.length === 0) return send(reply, new HubError('path-unknown', `${method} ${path}`));
    const note = `${method} ${path}: it has ${methods.join(', ')}`;
    return send(reply.header('allow', methods.join(', ')), new HubError('method-not-allowed', note));
  });
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    if (error instanceof HubError && httpStatusOf(error) !== undefined) return send(reply, error);
    // Faults of the request itself, found by fastify: not JSON, too big, a wrong content type.
    const { statusCode } = error;
    if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
      const code = codeOf[statusCode] ?? 'input-invalid';
      return send(reply, new HubError(code, error.message), statusCode);
    }
    log.error({ err: error, method: request.method, path: request.url }, 'a request failed');
    return send(reply, new HubError('internal'));
  });
}

/** What a program may sign in with (RFC 6750 §3); people sign in on a page. */
const challenge = 'Bearer realm="device hub"';

function send(reply: FastifyReply, error: HubError, status = httpStatusOf(error) ?? 500): FastifyReply {
  if (status === 401) reply.header('www-authenticate', challenge);
  return reply.code(status).send(bodyOf(error));
}
