/** A declared operation of the API as a route. */

import type { FastifyContextConfig, FastifyInstance, FastifyRequest } from 'fastify';
import {
  roleOf,
  successOf,
  type AnswerOf,
  type JudgedRequest,
  type Operation,
} from '../../../../schemas/api/operation.ts';

/** What a handler may set besides the body. Fastify's own reply type is generic throughout, which slows tsc down. */
export interface AnswerHead {
  code(status: number): unknown;
  header(name: string, value: string): unknown;
}

/** Answers with the body; with `reply.code(…)` before, where the operation has several statuses. */
export type Handler<Op extends Operation> = (
  request: FastifyRequest & JudgedRequest<Op>,
  reply: AnswerHead,
) => AnswerOf<Op> | Promise<AnswerOf<Op>>;

/** What is not part of the declaration; the role is. */
interface Rules extends Omit<FastifyContextConfig, 'needs'> {
  /** Bytes, where they are fewer than elsewhere. */
  bodyLimit?: number;
}

/**
 * Adds the route of `operation` to `app`. The answer of the handler is sent unchanged: types and tests make sure that it
 * matches the declared answers, so no filter drops or changes anything silently.
 */
export function serve<Op extends Operation>(
  app: FastifyInstance,
  operation: Op,
  handler: NoInfer<Handler<Op>>,
  { bodyLimit, ...rules }: Rules = {},
): void {
  const { method, path, params, query, headers, body, bodyMedia, secret } = operation;
  const status = successOf(operation);
  app.route({
    method,
    url: path.replaceAll(/\{(\w+)\}/g, ':$1'),
    ...(bodyLimit === undefined ? {} : { bodyLimit }),
    config: { ...rules, needs: roleOf(operation) },
    schema: {
      ...(params === undefined ? {} : { params }),
      ...(query === undefined ? {} : { querystring: query }),
      ...(headers === undefined ? {} : { headers }),
      // A body of another kind comes as a stream, which no schema judges.
      ...(body === undefined || bodyMedia !== undefined ? {} : { body }),
    },
    handler: async (request, reply) => {
      reply.code(status);
      // The route's schemas found no fault, so its parts have the shape that they describe.
      const answer = await handler(request as FastifyRequest & JudgedRequest<Op>, reply);
      // After the handler, because a refusal has no secret.
      if (secret === true) reply.header('cache-control', 'no-store');
      return answer;
    },
  });
}
