/** Requests that another hub answers: they are sent on to it, and its answer is given. */

import type { FastifyInstance } from 'fastify';
import type { PeerAnswer } from '../../cluster/peers.ts';
import type { Elsewhere } from '../../cluster/request-place.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Another hub has answered it, and has it in its audit. */
    answeredElsewhere?: true;
  }
}

/** What the handler of the other hub reads. */
const passedOn = ['content-type', 'if-match', 'idempotency-key', 'accept'];

/** After the rights and the parts of the request are judged, and before its handler. */
export function sendElsewhere(app: FastifyInstance, { placeOf, ask }: Elsewhere): void {
  app.addHook('preHandler', async (request, reply) => {
    const { method, url, headers, operator, origin = 'http' } = request;
    const { url: route = '' } = request.routeOptions;
    if (operator === undefined || !route.startsWith('/api/')) return;
    const device = route.startsWith('/api/v1/devices/:id')
      ? (request.params as { id: string }).id
      : undefined;
    const place = await placeOf({ method, route, device });
    if (place === undefined) return;
    const body =
      request.body === undefined || request.body === null ? undefined : JSON.stringify(request.body);
    const given = passedOn.flatMap((name) => {
      const value = headers[name];
      return typeof value === 'string' ? [[name, value]] : [];
    });
    const asker = { operator, origin };
    const question = { method, path: url, headers: Object.fromEntries(given), body, asker } as const;
    let answer: PeerAnswer;
    try {
      answer = await ask(place.hub, question);
    } catch (error) {
      if (place.insists) throw error;
      return;
    }
    request.answeredElsewhere = true;
    reply.headers(answer.headers);
    await reply.code(answer.status).send(Buffer.from(answer.body));
  });
}
