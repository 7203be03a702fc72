/** What people change of their own accounts, on the TCP listener alone. */

import type { FastifyInstance, FastifyRequest } from 'fastify';
import { sessionApi, type Session } from '../../../schemas/api/session.ts';
import { HubError } from '../../kernel/errors.ts';
import { networkOf } from '../client-address.ts';
import { askerOf, openSession } from './opened-session.ts';
import type { Access } from './operator-login.ts';
import { serve, type AnswerHead } from './routes/serve-operation.ts';

export function serveOwnAccount(app: FastifyInstance, access: Access): void {
  const { own } = access;
  /** A change of the own account ended its sessions: this browser goes on with a new one. */
  const goOn = (request: FastifyRequest, reply: AnswerHead): Promise<Session> =>
    openSession(access, request, reply, { operator: askerOf(request), kind: 'browser' });
  serve(
    app,
    sessionApi.changePassword,
    async (request, reply) => {
      const { password, newPassword } = request.body;
      const { actor } = askerOf(request);
      await slowed(reply, own.changePassword(actor, password, newPassword, networkOf(request.ip)));
      return goOn(request, reply);
    },
    { reach: 'own', audit: 'own.password' },
  );
  serve(
    app,
    sessionApi.beginSecondFactor,
    (request, reply) => {
      const { actor } = askerOf(request);
      return slowed(reply, own.beginSecondFactor(actor, request.body.password, networkOf(request.ip)));
    },
    { reach: 'own', audit: 'own.second-factor' },
  );
  serve(
    app,
    sessionApi.confirmSecondFactor,
    async (request, reply) => {
      const { actor } = askerOf(request);
      const recoveryCodes = await slowed(reply, own.confirmSecondFactor(actor, request.body.code));
      return { session: await goOn(request, reply), recoveryCodes };
    },
    { reach: 'own', audit: 'own.second-factor' },
  );
  serve(
    app,
    sessionApi.removeSecondFactor,
    async (request, reply) => {
      const { password, code } = request.body;
      const { actor } = askerOf(request);
      await slowed(reply, own.removeSecondFactor(actor, password, code, networkOf(request.ip)));
      return goOn(request, reply);
    },
    { reach: 'own', audit: 'own.second-factor' },
  );
}

/** Says how long to wait, where too many proofs were wrong. */
async function slowed<Answer>(reply: AnswerHead, change: Promise<Answer>): Promise<Answer> {
  try {
    return await change;
  } catch (error) {
    const waitMs = error instanceof HubError ? error.details['waitMs'] : undefined;
    if (typeof waitMs === 'number') reply.header('retry-after', String(Math.ceil(waitMs / 1_000)));
    throw error;
  }
}
