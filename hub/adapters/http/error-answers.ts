/** How a refusal looks over HTTP: `{error: {code, message, details}}`. */

import type { FastifyError, FastifyInstance, FastifySchemaValidationError } from 'fastify';
import { describeError } from '../../../schemas/index.ts';
import { HubError, type ErrorCode } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/log.ts';

/** The HTTP status of each fault an operation may end with; all others are 500 and stay in the log. */
const statusOf: Partial<Record<ErrorCode, number>> = {
  'input-invalid': 400,
  'schema-invalid': 400,
  'device-unknown': 404,
  'type-unknown': 404,
  'credential-unknown': 404,
  'enrolment-unknown': 404,
  'operator-unknown': 404,
  unauthorized: 401,
  forbidden: 403,
  'dead-letter-unknown': 404,
  'device-exists': 409,
  'command-unknown': 404,
  'group-unknown': 404,
  'group-command-unknown': 404,
  'schedule-unknown': 404,
  'schedule-exists': 409,
  'database-failed': 503,
  'store-unavailable': 503,
  'bus-unavailable': 503,
};

/** Of a refused command, by its reason; all others are 400. */
const statusOfRefusal: Readonly<Record<string, number>> = {
  'unknown-device': 404,
  'unknown-command': 404,
  'unknown-group': 404,
  forbidden: 403,
  'id-conflict': 409,
  'too-large': 413,
  'too-many': 429,
  unavailable: 503,
};

function httpStatusOf({ code, details }: HubError): number | undefined {
  if (code !== 'command-refused') return statusOf[code];
  return statusOfRefusal[String(details['reason'])] ?? 400;
}

/** One broken rule, as the API document has it. */
export const fieldError = {
  type: 'object',
  properties: {
    path: { type: 'string', description: 'JSON pointer to the field' },
    keyword: { type: 'string' },
    expected: { type: 'string' },
    got: { type: 'string' },
  },
};
/** A refusal, as the API document has it. */
export const faultAnswer = {
  type: 'object',
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message'],
      properties: {
        code: { type: 'string' },
        message: { type: 'string' },
        details: {
          type: 'object',
          additionalProperties: true,
          properties: { reason: { type: 'string' }, errors: { type: 'array', items: fieldError } },
        },
      },
    },
  },
};

/** An answer as the API document has it; what else is in it is let through. */
export function answered(properties: Readonly<Record<string, object>>): object {
  return { 200: loose(properties), '4xx': faultAnswer };
}

/** An object as the API document has it; what else is in it is let through. */
export function loose(properties: Readonly<Record<string, object>>): object {
  return { type: 'object', additionalProperties: true, properties };
}

interface ErrorAnswer {
  error: { code: string; message: string; details?: unknown };
}

function answer(code: string, message: string, details?: Readonly<Record<string, unknown>>): ErrorAnswer {
  const empty = details === undefined || Object.keys(details).length === 0;
  return { error: { code, message, ...(empty ? {} : { details }) } };
}

/** Gives `app` these answers for faults, unknown paths and bodies that break their schema. */
export function answerFaults(app: FastifyInstance, log: Log): void {
  app.setSchemaErrorFormatter((errors, part) => schemaFault(errors, part));
  app.setNotFoundHandler((request, reply) =>
    reply
      .code(404)
      .send(answer('path-unknown', `there is nothing at ${request.method} ${request.url.split('?')[0]}`)),
  );
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    if (error instanceof HubError) {
      const status = httpStatusOf(error);
      if (status !== undefined)
        return reply.code(status).send(answer(error.code, error.message, error.details));
    }
    // Faults of the request itself, found by fastify: not JSON, too big, a wrong content type.
    const status = error.statusCode;
    if (status !== undefined && status >= 400 && status < 500) {
      return reply.code(status).send(answer('input-invalid', error.message));
    }
    log.error({ err: error, method: request.method, path: request.url }, 'a request failed');
    return reply.code(500).send(answer('internal', 'the hub failed to do this; its log says why'));
  });
}

/** Names field and rule. The value itself is fastify's to know: its formatter is handed the errors alone. */
function schemaFault(errors: readonly FastifySchemaValidationError[], part: string): HubError {
  const faults = errors.map((error) => {
    const { path, keyword, expected } = describeError({ ...error, message: error.message ?? '' }, undefined);
    return { path, keyword, expected };
  });
  const text = faults.map(({ path, expected }) => `${part}${path} must be ${expected}`).join('; ');
  return new HubError('input-invalid', text, { details: { errors: faults } });
}
