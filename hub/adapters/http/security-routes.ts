/** Identities of devices and of operators, over HTTP. */

import type { FastifyInstance } from 'fastify';
import { operatorApi } from '../../../schemas/api/operators.ts';
import { deviceTypePattern, namePattern, sitePattern } from '../../../schemas/limits.ts';
import type { CredentialOperations } from '../../admin/credential-operations.ts';
import type { Enrolments, NewEnrolment } from '../../identity/enrolment.ts';
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

interface OfDevice {
  Params: { id: string };
}

const id = { type: 'string', pattern: namePattern.source };
const timeMs = { type: 'integer', minimum: 0, maximum: 8.64e15 };
function body(required: string[], properties: Record<string, unknown>): { body: object } {
  return { body: { type: 'object', additionalProperties: false, required, properties } };
}

/** Adds the routes below `/api/v1/` to `app`. All of them are for admins. */
export function serveSecurity(app: FastifyInstance, operations: SecurityOperations): void {
  serveCredentials(app, operations.credentials);
  serveEnrolments(app, operations.enrolments);
  serveOperators(app, operations.operators);
}

function serveCredentials(app: FastifyInstance, operations: CredentialOperations): void {
  const path = '/api/v1/devices/:id';
  app.get<OfDevice>(`${path}/credentials`, async ({ params }) => ({
    credentials: await operations.listCredentials(params.id),
  }));
  app.post<OfDevice & { Body: { publicKey?: string; notBeforeMs?: number; notAfterMs?: number } }>(
    `${path}/credentials`,
    {
      config: { audit: 'credential.add' },
      schema: body([], {
        publicKey: { type: 'string', maxLength: 4_096 },
        notBeforeMs: timeMs,
        notAfterMs: timeMs,
      }),
    },
    async ({ params, body: { publicKey, ...validity } }, reply) => {
      const added =
        publicKey === undefined
          ? await operations.addSecret(params.id, validity)
          : await operations.addKey(params.id, publicKey, validity);
      return reply.code(201).header('cache-control', 'no-store').send(added);
    },
  );
  app.delete<{ Params: { id: string; credential: string } }>(
    `${path}/credentials/:credential`,
    { config: { audit: 'credential.revoke' } },
    async ({ params }, reply) => {
      await operations.revokeCredential(params.id, params.credential);
      return reply.code(204).send();
    },
  );
  for (const [verb, disabled] of [
    ['disable', true],
    ['enable', false],
  ] as const) {
    app.post<OfDevice>(
      `${path}/${verb}`,
      { config: { audit: `device.${verb}` } },
      async ({ params }, reply) => {
        await operations.setDisabled(params.id, disabled);
        return reply.code(204).send();
      },
    );
  }
  app.get('/api/v1/rotations', async ({ mayShow = () => true }) => ({
    devices: (await operations.rotating()).filter(({ id: device }) => mayShow(device)),
  }));
  app.post<{ Body: { ids: string[] } }>(
    '/api/v1/rotations',
    {
      config: { audit: 'credential.rotate' },
      schema: body(['ids'], { ids: { type: 'array', minItems: 1, maxItems: 10_000, items: id } }),
    },
    async (request, reply) => {
      await operations.rotate(request.body.ids);
      return reply.code(202).send({ devices: await operations.rotating() });
    },
  );
}

function serveEnrolments(app: FastifyInstance, enrolments: SecurityOperations['enrolments']): void {
  app.get('/api/v1/enrolments', { config: { reach: 'all' } }, () => ({
    enrolments: enrolments.list(),
    requests: enrolments.requests(),
  }));
  app.post<{ Body: Omit<NewEnrolment, 'labels'> & Partial<Pick<NewEnrolment, 'labels'>> }>(
    '/api/v1/enrolments',
    {
      config: { audit: 'enrolment.create' },
      schema: body(['type', 'site', 'uses', 'notAfterMs', 'reEnrolment', 'idPrefix'], {
        type: { type: 'string', maxLength: 128, pattern: deviceTypePattern.source },
        site: { type: 'string', pattern: sitePattern.source },
        uses: { type: 'integer', minimum: 1, maximum: 1_000_000 },
        notAfterMs: timeMs,
        reEnrolment: { enum: ['auto', 'approve', 'never'] },
        idPrefix: { type: 'string', pattern: '^[A-Za-z0-9_-]{0,63}$' },
        labels: {
          type: 'object',
          maxProperties: 32,
          additionalProperties: { type: 'string', maxLength: 128 },
        },
      }),
    },
    async (request, reply) =>
      reply
        .code(201)
        .header('cache-control', 'no-store')
        .send(await enrolments.create({ labels: {}, ...request.body })),
  );
  app.delete<OfDevice>(
    '/api/v1/enrolments/:id',
    { config: { audit: 'enrolment.revoke' } },
    async ({ params }, reply) => {
      await enrolments.revoke(params.id);
      return reply.code(204).send();
    },
  );
  for (const [verb, approved] of [
    ['approve', true],
    ['deny', false],
  ] as const) {
    app.post<OfDevice>(
      `/api/v1/enrolments/requests/:id/${verb}`,
      { config: { audit: `enrolment.${verb}` } },
      async ({ params }, reply) => {
        await enrolments.decide(params.id, approved);
        return reply.code(204).send();
      },
    );
  }
}

function serveOperators(app: FastifyInstance, operators: SecurityOperations['operators']): void {
  serve(app, operatorApi.listOperators, () => ({
    accounts: operators.listAccounts(),
    tokens: operators.listTokens(),
  }));
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
