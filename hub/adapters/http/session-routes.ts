/** Signing in to the console and out of it, on the TCP listener alone. */

import type { FastifyInstance, FastifyRequest } from 'fastify';
import { sessionApi, type Session } from '../../../schemas/api/session.ts';
import { HubError } from '../../kernel/errors.ts';
import type { SessionKind } from '../../operators/console-sessions.ts';
import type { Login } from '../../operators/failed-logins.ts';
import { networkOf } from '../client-address.ts';
import { askerOf, openSession } from './opened-session.ts';
import type { Access } from './operator-login.ts';
import { serveOwnAccount } from './own-account-routes.ts';
import { serveProvider } from './provider-routes.ts';
import { cookieHeader, cookieOf } from './session-cookie.ts';
import { serve, type AnswerHead } from './routes/serve-operation.ts';

export function serveSessions(app: FastifyInstance, access: Access): void {
  const { operators, sessions, otherHubs, own, provider } = access;
  if (provider !== undefined) serveProvider(app, access, provider);
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
    if (login.kind === 'code-needed') throw new HubError('code-needed');
    return openSession(access, request, reply, { operator: login.operator, kind });
  }
  const rules = { auditsItself: true };
  serve(
    app,
    sessionApi.login,
    async (request, reply) => {
      const { name, password, code } = request.body;
      await otherHubs?.seek();
      const login = await operators.login(name, password, networkOf(request.ip), { code });
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
      await otherHubs?.seek();
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
    const operator = askerOf(request);
    const account = own.view(operator.actor);
    const who = { ...operator, ...(account === undefined ? {} : { account }) };
    const cookie = cookieOf(request);
    const session = sessions.find(cookie);
    if (session === undefined) return who;
    // The browser counts from the last answer, as the hub counts from the last use.
    if (session.rules.maxAgeSec !== undefined)
      reply.header('set-cookie', cookieHeader(cookie, session.rules));
    return { ...who, csrf: session.csrf };
  });

  serveOwnAccount(app, access);
  serve(app, sessionApi.listSignInWays, () => (provider === undefined ? {} : { provider: provider.issuer }));
}
