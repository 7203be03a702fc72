/** Identities of devices and of operators, over HTTP. */

import type { FastifyInstance } from 'fastify';
import { credentialApi } from '../../../schemas/api/credentials.ts';
import { enrolmentApi } from '../../../schemas/api/enrolments.ts';
import { operatorApi } from '../../../schemas/api/operators.ts';
import type { CredentialOperations } from '../../admin/credential-operations.ts';
import type { Enrolments } from '../../identity/enrolment.ts';
import type { Operators } from '../../operators/operators.ts';
import { serve } from './serve-operation.ts';

export interface SecurityOperations {
  credentials: CredentialOperations;
  enrolments: Pick<Enrolments, 'create' | 'list' | 'revoke' | 'requests' | 'decide'>;
  operators: Pick<
    Operators,
    'listAccounts' | 'saveAccount' | 'removeAccount' | 'listTokens' | 'addToken' | 'removeToken'
  >;
}

/** Adds the routes below `/api/v1/` to `app`. All of them are for admins. */
export function serveSecurity(app: FastifyInstance, operations: SecurityOperations): void {
  serveCredentials(app, operations.credentials);
  serveEnrolments(app, operations.enrolments);
  serveOperators(app, operations.operators);
}

function serveCredentials(app: FastifyInstance, operations: CredentialOperations): void {
  serve(app, credentialApi.listCredentials, async ({ params }) => ({
    credentials: await operations.listCredentials(params.id),
  }));
  serve(
    app,
    credentialApi.addCredential,
    ({ params, body: { publicKey, ...validity } }) =>
      publicKey === undefined
        ? operations.addSecret(params.id, validity)
        : operations.addKey(params.id, publicKey, validity),
    { audit: 'credential.add' },
  );
  serve(
    app,
    credentialApi.revokeCredential,
    ({ params }) => operations.revokeCredential(params.id, params.credential),
    { audit: 'credential.revoke' },
  );
  serve(app, credentialApi.disableDevice, ({ params }) => operations.setDisabled(params.id, true), {
    audit: 'device.disable',
  });
  serve(app, credentialApi.enableDevice, ({ params }) => operations.setDisabled(params.id, false), {
    audit: 'device.enable',
  });
  serve(app, credentialApi.listRotations, async ({ mayShow = () => true }) => ({
    devices: (await operations.rotating()).filter(({ id }) => mayShow(id)),
  }));
  serve(
    app,
    credentialApi.rotateSecrets,
    async ({ body }) => {
      await operations.rotate(body.ids);
      return { devices: await operations.rotating() };
    },
    { audit: 'credential.rotate' },
  );
}

function serveEnrolments(app: FastifyInstance, enrolments: SecurityOperations['enrolments']): void {
  serve(
    app,
    enrolmentApi.listEnrolments,
    () => ({ enrolments: enrolments.list(), requests: enrolments.requests() }),
    { reach: 'all' },
  );
  serve(app, enrolmentApi.createEnrolment, ({ body }) => enrolments.create(body), {
    audit: 'enrolment.create',
  });
  serve(app, enrolmentApi.revokeEnrolment, ({ params }) => enrolments.revoke(params.id), {
    audit: 'enrolment.revoke',
  });
  serve(app, enrolmentApi.approveEnrolment, ({ params }) => enrolments.decide(params.id, true), {
    audit: 'enrolment.approve',
  });
  serve(app, enrolmentApi.denyEnrolment, ({ params }) => enrolments.decide(params.id, false), {
    audit: 'enrolment.deny',
  });
}

function serveOperators(app: FastifyInstance, operators: SecurityOperations['operators']): void {
  serve(
    app,
    operatorApi.listOperators,
    () => ({ accounts: operators.listAccounts(), tokens: operators.listTokens() }),
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
  serve(
    app,
    operatorApi.createToken,
    async ({ body: { name, notAfterMs, ...rights } }) => ({
      name,
      token: await operators.addToken(name, rights, notAfterMs),
    }),
    { audit: 'token.create' },
  );
  serve(app, operatorApi.revokeToken, ({ params }) => operators.removeToken(params.name), {
    audit: 'token.revoke',
  });
}
