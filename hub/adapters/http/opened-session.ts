/** A new session of the console, and who asks in one. */

import type { FastifyRequest } from 'fastify';
import type { Operator } from '../../../schemas/api/operators.ts';
import type { Session } from '../../../schemas/api/session.ts';
import { HubError } from '../../kernel/errors.ts';
import type { SessionKind } from '../../operators/console-sessions.ts';
import { networkOf } from '../client-address.ts';
import type { Access } from './operator-login.ts';
import { cookieHeader } from './session-cookie.ts';
import type { AnswerHead } from './routes/serve-operation.ts';

/** Opens a session for who has proved who it is; its cookie is in the answer. */
export async function openSession(
  access: Pick<Access, 'operators' | 'sessions'>,
  request: FastifyRequest,
  reply: AnswerHead,
  { operator, kind, secure = isSecure(request) }: { operator: Operator; kind: SessionKind; secure?: boolean },
): Promise<Session> {
  const address = networkOf(request.ip);
  const { actor } = operator;
  const { operators, sessions } = access;
  const grant = operators.grantOf(actor) ?? '';
  const opened = await sessions.open(actor, { grant, kind, address, secure });
  reply.header('set-cookie', cookieHeader(opened.cookie, opened.rules));
  return { ...operator, csrf: opened.csrf };
}

/** By the origin that a browser names with each change. */
function isSecure({ headers }: FastifyRequest): boolean {
  return headers.origin?.startsWith('https://') === true;
}

/** @throws HubError `unauthorized` */
export function askerOf({ operator }: FastifyRequest): Operator {
  if (operator === undefined) throw new HubError('unauthorized');
  return operator;
}
