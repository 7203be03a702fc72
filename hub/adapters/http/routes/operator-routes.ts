/** Accounts and tokens of operators, over HTTP. */

import type { FastifyInstance } from 'fastify';
import { operatorApi } from '../../../../schemas/api/operators.ts';
import type { ConsoleSessions } from '../../../operators/console-sessions.ts';
import type { Operators } from '../../../operators/operators.ts';
import { serve } from './serve-operation.ts';

export interface OperatorOperations {
  accounts: Pick<
    Operators,
    'listAccounts' | 'saveAccount' | 'removeAccount' | 'resetSecondFactor' | 'tokens'
  >;
  logins: Pick<ConsoleSessions, 'list' | 'revoke'>;
}

export function serveOperators(
  app: FastifyInstance,
  { accounts: operators, logins }: OperatorOperations,
): void {
  serve(
    app,
    operatorApi.listOperators,
    () => ({ accounts: operators.listAccounts(), tokens: operators.tokens.list() }),
    // The rights of others name devices, sites and labels.
    { reach: 'all' },
  );
  serve(
    app,
    operatorApi.saveAccount,
    ({ params, body: { password, ...rights } }) => operators.saveAccount(params.name, rights, password),
    { audit: 'operator.save' },
  );
  serve(app, operatorApi.removeAccount, ({ params }) => operators.removeAccount(params.name), {
    audit: 'operator.remove',
  });
  serve(app, operatorApi.resetSecondFactor, ({ params }) => operators.resetSecondFactor(params.name), {
    audit: 'operator.reset-second-factor',
  });
  serve(
    app,
    operatorApi.createToken,
    async ({ body: { name, notAfterMs, ...rights } }) => ({
      name,
      token: await operators.tokens.add(name, rights, notAfterMs),
    }),
    { audit: 'token.create' },
  );
  serve(app, operatorApi.revokeToken, ({ params }) => operators.tokens.remove(params.name), {
    audit: 'token.revoke',
  });
  serve(app, operatorApi.listSessions, () => ({ sessions: logins.list() }), { reach: 'all' });
  serve(app, operatorApi.endSession, ({ params }) => logins.revoke(params.id), { audit: 'session.end' });
}
