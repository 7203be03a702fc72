import { Type, type Static } from 'typebox';
import { deviceId, ofDevice } from './devices.ts';
import { resource } from './operation.ts';
import { choice, closed, list, named, nothing, timeMs } from './values.ts';

const validity = {
  notBeforeMs: Type.Optional(validFrom('not valid before')),
  notAfterMs: Type.Optional(validFrom('not valid from then on; open sessions end with 4401')),
};

function validFrom(description: string) {
  return Type.Integer({ minimum: 0, maximum: 8.64e15, description: `${description}, Unix ms` });
}

const CredentialSummary = named(
  'CredentialSummary',
  Type.Object({
    id: Type.String({ description: 'unique within the device; it is not a secret' }),
    kind: choice(['secret', 'key']),
    state: choice(
      ['active', 'next'],
      'next: handed out by a rotation or a repeated enrolment; its first use retires the other secrets',
    ),
    createdMs: timeMs('when it was created'),
    ...validity,
  }),
  { id: 'c-7f3a', kind: 'secret', state: 'active', createdMs: 1_795_867_200_000 },
);
/** A credential as operators see it, without the secret or the key. */
export type CredentialSummary = Static<typeof CredentialSummary>;

const Validity = Type.Object(validity);
/** Not given: from now on, without end. */
export type Validity = Static<typeof Validity>;

const NewSecret = named(
  'NewSecret',
  Type.Object({
    id: Type.String({ description: 'of the credential' }),
    secret: Type.String({ description: 'shown this once' }),
  }),
  { id: 'c-7f3a', secret: 'mB9yq0TzGk2n4VwXcR7sJpLhEa1dFuQi' },
);
export type NewSecret = Static<typeof NewSecret>;

const Rotating = named(
  'Rotating',
  Type.Object({
    devices: list(Type.Object({ id: Type.String(), sinceMs: timeMs('when its rotation was asked for') }), {
      description: 'devices whose rotation has not finished',
    }),
  }),
  { devices: [{ id: 'd-1', sinceMs: 1_795_867_200_000 }] },
);
/** A device whose rotation is not done. */
export type RotatingDevice = Static<typeof Rotating>['devices'][number];

export const credentialApi = resource('credentials', {
  listCredentials: {
    method: 'GET',
    path: '/api/v1/devices/{id}/credentials',
    summary: 'The credentials of a device, without their secrets',
    params: ofDevice,
    answers: { 200: Type.Object({ credentials: list(CredentialSummary) }) },
    refusals: ['device-unknown'],
  },
  addCredential: {
    method: 'POST',
    path: '/api/v1/devices/{id}/credentials',
    summary: 'A second secret, or a public key that signs its tokens',
    params: ofDevice,
    body: named(
      'NewCredentialOfDevice',
      closed({
        publicKey: Type.Optional(
          Type.String({
            maxLength: 4_096,
            description: 'PEM, ECDSA P-256 or Ed25519; without it, the hub creates a secret',
          }),
        ),
        ...validity,
      }),
      { notAfterMs: 1_798_459_200_000 },
    ),
    answers: { 201: Type.Union([NewSecret, CredentialSummary]) },
    refusals: ['device-unknown', 'database-failed'],
    secret: true,
  },
  revokeCredential: {
    method: 'DELETE',
    path: '/api/v1/devices/{id}/credentials/{credential}',
    summary: 'Revoke a credential; sessions opened with it end with 4403',
    params: Type.Object({
      ...ofDevice.properties,
      credential: Type.String({ minLength: 1, maxLength: 64, description: 'its id, as in the list' }),
    }),
    answers: { 204: nothing },
    refusals: ['device-unknown', 'credential-unknown', 'database-failed'],
  },
  disableDevice: {
    method: 'POST',
    path: '/api/v1/devices/{id}/disable',
    summary: 'Refuse the device and end its session with 4403, until it is enabled',
    params: ofDevice,
    answers: { 204: nothing },
    refusals: ['device-unknown', 'database-failed'],
  },
  enableDevice: {
    method: 'POST',
    path: '/api/v1/devices/{id}/enable',
    summary: 'Enable a disabled device',
    params: ofDevice,
    answers: { 204: nothing },
    refusals: ['device-unknown', 'database-failed'],
  },
  listRotations: {
    method: 'GET',
    path: '/api/v1/rotations',
    summary: 'Devices whose rotation has not finished',
    answers: { 200: Rotating },
  },
  rotateSecrets: {
    method: 'POST',
    path: '/api/v1/rotations',
    summary: 'Give devices a new secret; the old one is valid until the new one is used',
    body: named('Rotation', closed({ ids: Type.Array(deviceId, { minItems: 1, maxItems: 10_000 }) }), {
      ids: ['d-1'],
    }),
    answers: { 202: Rotating },
    refusals: ['device-unknown', 'database-failed'],
  },
});
