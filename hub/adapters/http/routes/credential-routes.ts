/** Credentials of devices, over HTTP. */

import type { FastifyInstance } from 'fastify';
import { credentialApi } from '../../../../schemas/api/credentials.ts';
import type { CredentialOperations } from '../../../admin/credential-operations.ts';
import { serve } from './serve-operation.ts';

export function serveCredentials(app: FastifyInstance, operations: CredentialOperations): void {
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
