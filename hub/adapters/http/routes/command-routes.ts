/** Commands over HTTP; a request is judged by the rules of the MQTT topics, and refused in their words. */

import type { FastifyInstance, FastifyRequest } from 'fastify';
import { commandApi } from '../../../../schemas/api/commands/commands.ts';
import type { Requester } from '../../../../schemas/api/requester.ts';
import type { CommandOperations } from '../../../commands/command-operations.ts';
import { invalidInput } from '../../../kernel/errors.ts';
import { serve } from './serve-operation.ts';

/** A caller that would wait longer asks again. */
const maxWaitMs = 60_000;

/** Who asks, and by which interface. */
export function requesterOf({
  operator,
  origin = 'http',
}: Pick<FastifyRequest, 'operator' | 'origin'>): Requester {
  return { actor: operator?.actor ?? 'local', origin };
}

export function serveCommands(app: FastifyInstance, operations: CommandOperations): void {
  // Bodies arrive here as bytes: one parser judges them, by whichever interface they come.
  void app.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, parsed) =>
      parsed(null, body),
    );
    serveSend(scope, operations);
    done();
  });
  serve(app, commandApi.showCommand, ({ params, query }) =>
    operations.show(params.id, params.command, waitMs(query.wait)),
  );
  serve(
    app,
    commandApi.cancelCommand,
    (request) => operations.cancel(request.params.id, request.params.command, requesterOf(request)),
    { audit: 'command.cancel', auditsItself: true },
  );
  serve(app, commandApi.listCommands, ({ query, mayShow }) => operations.list(query, mayShow));
}

function serveSend(app: FastifyInstance, operations: CommandOperations): void {
  serve(
    app,
    commandApi.sendCommand,
    async (request, reply) => {
      const { params, query, headers } = request;
      const body: unknown = request.body;
      const idempotencyKey = headers['idempotency-key'];
      const command = await operations.send(
        {
          device: params.id,
          name: params.command,
          // No body: nothing was parsed.
          payload: body instanceof Uint8Array ? body : new Uint8Array(),
          idempotencyKey,
          traceparent: traceparentOf(headers),
        },
        requesterOf(request),
        waitMs(query.wait),
      );
      reply.code(command.final || command.repeated ? 200 : 202);
      return command;
    },
    { audit: 'command.send', auditsItself: true, sendsCommand: true },
  );
}

/** A header that came twice is an invalid one (RFC 9110 §5.3), and begins a trace of its own. */
function traceparentOf({ traceparent }: FastifyRequest['headers']): string | undefined {
  return typeof traceparent === 'string' ? traceparent : undefined;
}

/** `10s`, `500ms` → ms. */
function waitMs(given: string | undefined): number {
  if (given === undefined) return 0;
  const [, count, unit] = /^(\d{1,6})(ms|s)$/.exec(given) ?? [];
  const ms = count === undefined ? Number.NaN : Number(count) * (unit === 's' ? 1_000 : 1);
  if (ms <= maxWaitMs) return ms;
  const expected = `a time such as 10s or 500ms, at most ${maxWaitMs / 1000}s`;
  throw invalidInput({ path: '/wait', keyword: 'pattern', expected, got: given }, 'query wait');
}
