/** A declared operation of the API as a route. */

import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type {
  ContextConfigDefault,
  FastifyContextConfig,
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
  RouteGenericInterface,
} from 'fastify';
import { roleOf, successOf, type AnswerOf, type Operation } from '../../../schemas/api/operation.ts';

interface SchemaOf<Op extends Operation> {
  params: Op['params'];
  querystring: Op['query'];
  headers: Op['headers'];
  body: Op['body'];
  response: Op['answers'];
}

/** A request that was judged by the operation's schemas. */
export type RequestOf<Op extends Operation> = FastifyRequest<
  RouteGenericInterface,
  RawServerDefault,
  RawRequestDefaultExpression,
  SchemaOf<Op>,
  TypeBoxTypeProvider
>;

type ReplyOf<Op extends Operation> = FastifyReply<
  RouteGenericInterface,
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  ContextConfigDefault,
  SchemaOf<Op>,
  TypeBoxTypeProvider
>;

/** Answers with the body; with `reply.code(…)` before, where the operation has several statuses. */
export type Handler<Op extends Operation> = (
  request: RequestOf<Op>,
  reply: ReplyOf<Op>,
) => AnswerOf<Op> | ReplyOf<Op> | Promise<AnswerOf<Op> | ReplyOf<Op>>;

/** What the hub keeps to itself of an operation; the role it takes is declared. */
interface Rules extends Omit<FastifyContextConfig, 'needs'> {
  /** Bytes, where they are fewer than elsewhere. */
  bodyLimit?: number;
}

/**
 * Adds the route of `operation` to `app`. Its answer is sent as the handler gives it: the declared answers are a
 * promise that types and tests keep, not a filter, so that nothing is dropped or bent without a word.
 */
export function serve<Op extends Operation>(
  app: FastifyInstance,
  operation: Op,
  handler: Handler<NoInfer<Op>>,
  { bodyLimit, ...rules }: Rules = {},
): void {
  const { method, path, params, query, headers, body, secret } = operation;
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
      ...(body === undefined ? {} : { body }),
    },
    handler: async (request, reply) => {
      reply.code(status);
      const answer = await handler(request as unknown as RequestOf<Op>, reply as unknown as ReplyOf<Op>);
      // After the handler: a refusal holds no secret.
      if (secret === true) reply.header('cache-control', 'no-store');
      return answer;
    },
  });
}
