/** Signing in to the console and out of it, on the TCP listener alone. */

import type { FastifyInstance, FastifyRequest } from 'fastify';
import { sessionApi, type Session } from '../../../schemas/api/session.ts';
import { HubError } from '../../kernel/errors.ts';
import type { SessionKind } from '../../operators/console-sessions.ts';
import type { Login } from '../../operators/operators.ts';
import { networkOf } from '../client-address.ts';
import type { Access } from './operator-login.ts';
import { cookieHeader, cookieOf } from './session-cookie.ts';
import { serve, type AnswerHead } from './routes/serve-operation.ts';

export function serveSessions(app: FastifyInstance, { operators, sessions }: Access): void {
  async function open(
    request: FastifyRequest,
    reply: AnswerHead,
    login: Login,
    kind: SessionKind,
  ): Promise<Session> {
    if (login.kind === 'throttled') {
      reply.header('retry-after', String(login.retryAfterSec));
      throw new HubError('too-many-attempts');
    }
    if (login.kind === 'denied') throw new HubError('login-failed');
    const secure = request.headers.origin?.startsWith('https://') === true;
    const address = networkOf(request.ip);
    const { actor } = login.operator;
    const grant = operators.grantOf(actor) ?? '';
    const opened = await sessions.open(actor, { grant, kind, address, secure });
    reply.header('set-cookie', cookieHeader(opened.cookie, opened.rules));
    return { ...login.operator, csrf: opened.csrf };
  }
  const rules = { auditsItself: true };
  serve(
    app,
    sessionApi.login,
    async (request, reply) => {
      const { name, password } = request.body;
      const login = await operators.login(name, password, networkOf(request.ip));
      return open(request, reply, login, 'browser');
    },
    rules,
  );
  serve(
    app,
    sessionApi.firstLogin,
    async (request, reply) => {
      const { code, name, password } = request.body;
      const login = await operators.firstLogin(code, name, password, networkOf(request.ip));
      return open(request, reply, login, 'browser');
    },
    rules,
  );
  serve(
    app,
    sessionApi.screenLogin,
    async (request, reply) => {
      const login = await operators.screenLogin(request.body.token, networkOf(request.ip));
      return open(request, reply, login, 'screen');
    },
    rules,
  );
  serve(
    app,
    sessionApi.logout,
    async (request, reply) => {
      reply.header('set-cookie', cookieHeader('', { secure: false, maxAgeSec: 0 }));
      await sessions.close(cookieOf(request));
    },
    { reach: 'own', audit: 'logout' },
  );
  serve(app, sessionApi.me, (request, reply) => {
    const { operator } = request;
    if (operator === undefined) throw new HubError('unauthorized');
    const cookie = cookieOf(request);
    const session = sessions.find(cookie);
    if (session === undefined) return operator;
    // The browser counts from the last answer, as the hub counts from the last use.
    if (session.rules.maxAgeSec !== undefined)
      reply.header('set-cookie', cookieHeader(cookie, session.rules));
    return { ...operator, csrf: session.csrf };
  });
}
