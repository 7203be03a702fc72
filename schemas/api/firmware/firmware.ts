/** Firmware that rollouts can bring to devices. */

import { Type, type Static } from 'typebox';
import { firmwareVersionPattern } from '../../limits.ts';
import { resource } from '../operation.ts';
import { closed, count, list, named, nothing, timeMs } from '../values.ts';

export const firmwareType = () =>
  Type.String({
    pattern: '^[a-z][a-z0-9]*(-[a-z0-9]+)*$',
    maxLength: 64,
    description: 'device type without its version: env-sensor',
  });
export const firmwareVersion = () =>
  Type.String({
    pattern: firmwareVersionPattern.source,
    maxLength: 64,
    description: 'as the device says it in hello.firmware: 1.5.0',
  });
const sha256 = () =>
  Type.String({ pattern: '^[0-9a-f]{64}$', maxLength: 64, description: 'SHA-256 of the bytes, hexadecimal' });
const signature = () =>
  Type.Optional(
    Type.String({
      maxLength: 88,
      description:
        "Ed25519 over the 32 bytes of the SHA-256, in base64; made outside the hub with the owner's key",
    }),
  );
const url = () =>
  Type.String({
    maxLength: 256,
    pattern: '^https?://[^\\s@]+$',
    description: 'where devices get it; without a password in it',
  });

const example = {
  type: 'env-sensor',
  version: '1.5.0',
  sha256: '2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae',
} as const;

export const FirmwareView = named(
  'FirmwareView',
  Type.Object({
    type: firmwareType(),
    version: firmwareVersion(),
    sha256: sha256(),
    size: count('bytes'),
    signature: signature(),
    signed: Type.Boolean({ description: 'it has a signature' }),
    url: Type.Optional(url()),
    addedMs: timeMs('when it was added'),
    actor: Type.String({ description: 'who added it, as in the audit' }),
    damaged: Type.Boolean({ description: 'its file is not what it was: it is not served' }),
    rollouts: list(Type.String(), { description: 'those that still bring it to devices' }),
  }),
  {
    ...example,
    size: 1_048_576,
    signed: false,
    addedMs: 1_700_000_000_000,
    actor: 'operator:anna',
    damaged: false,
    rollouts: [],
  },
);
export type FirmwareView = Static<typeof FirmwareView>;

const NewFirmwareLink = named(
  'NewFirmwareLink',
  closed({
    type: firmwareType(),
    version: firmwareVersion(),
    sha256: sha256(),
    size: Type.Integer({ minimum: 1, maximum: 4_294_967_296, description: 'bytes' }),
    signature: signature(),
    url: url(),
  }),
  { ...example, size: 1_048_576, url: 'https://files.example/env-sensor-1.5.0.bin' },
);
export type NewFirmwareLink = Static<typeof NewFirmwareLink>;

const ofFirmware = Type.Object({ type: firmwareType(), version: firmwareVersion() });
const refusals = ['type-unknown', 'firmware-exists', 'firmware-invalid', 'database-failed'] as const;

export const firmwareApi = resource('firmware', {
  listFirmware: {
    method: 'GET',
    path: '/api/v1/firmware',
    summary: 'Firmware that devices may be brought to, newest first',
    answers: { 200: Type.Object({ firmware: list(FirmwareView) }) },
  },
  linkFirmware: {
    method: 'POST',
    path: '/api/v1/firmware',
    summary: 'Add a firmware that devices get elsewhere',
    description: 'The hub does not look at the file: each device checks its SHA-256.',
    body: NewFirmwareLink,
    answers: { 201: FirmwareView },
    refusals: [...refusals],
  },
  showFirmware: {
    method: 'GET',
    path: '/api/v1/firmware/{type}/{version}',
    summary: 'One firmware',
    params: ofFirmware,
    answers: { 200: FirmwareView },
    refusals: ['firmware-unknown'],
  },
  addFirmware: {
    method: 'PUT',
    path: '/api/v1/firmware/{type}/{version}',
    summary: 'Add a firmware: its bytes',
    description:
      'It is kept once the bytes that came have the SHA-256 that is given, and cannot be changed afterwards.',
    params: ofFirmware,
    query: closed({ sha256: sha256(), signature: signature() }),
    body: Type.String({ description: 'the file', examples: ['the bytes of the file'] }),
    bodyMedia: 'application/octet-stream',
    answers: { 201: FirmwareView },
    refusals: [...refusals, 'firmware-too-large', 'firmware-busy'],
  },
  removeFirmware: {
    method: 'DELETE',
    path: '/api/v1/firmware/{type}/{version}',
    summary: 'Remove a firmware that no rollout brings to devices',
    params: ofFirmware,
    answers: { 204: nothing },
    refusals: ['firmware-unknown', 'firmware-in-use', 'database-failed'],
  },
});
