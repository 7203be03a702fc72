import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { newKeyCredential } from '../../../hub/registry/credentials.ts';
import { readDeviceToken, verifyDeviceToken } from '../../../hub/identity/device-token.ts';
import { assertSameCost } from '../../helpers/timing.ts';
import { newKey, signToken } from '../../helpers/tokens.ts';

const now = 1_767_225_600_000;
const keys = { ES256: newKey('ES256'), EdDSA: newKey('EdDSA') };
const credentials = [newKeyCredential(keys.ES256.publicPem, 0), newKeyCredential(keys.EdDSA.publicPem, 0)];
const claims = { sub: 'd-1', aud: 'device-hub', exp: now / 1000 + 3_600 };
const verify = (text: string) => {
  const token = readDeviceToken(text, now);
  return token && verifyDeviceToken(token, token.deviceId === 'd-1' ? credentials : [], now);
};

test('a token signed with a registered key names its device and its end', () => {
  for (const [at, { privateKey }] of Object.values(keys).entries()) {
    assert.deepEqual(verify(signToken(privateKey, claims)), {
      deviceId: 'd-1',
      credentialId: credentials[at]?.id,
      expiresMs: now + 3_600_000,
    });
  }
});

const { privateKey } = keys.ES256;
const refused: [string, string][] = [
  ['a foreign key', signToken(newKey('ES256').privateKey, claims)],
  ['an expired token', signToken(privateKey, { ...claims, exp: now / 1000 })],
  ['no end', signToken(privateKey, { ...claims, exp: undefined })],
  ['an end in the far future', signToken(privateKey, { ...claims, exp: now / 1000 + 10 * 86_400 })],
  ['an end as text', signToken(privateKey, { ...claims, exp: String(now / 1000 + 60) })],
  ['a later beginning', signToken(privateKey, { ...claims, nbf: now / 1000 + 120 })],
  ['another audience', signToken(privateKey, { ...claims, aud: 'other' })],
  ['another device', signToken(privateKey, { ...claims, sub: 'd-2' })],
  ['an id outside the grammar', signToken(privateKey, { ...claims, sub: 'd/1' })],
  ['alg none', signToken(privateKey, claims, 'none')],
  ['alg HS256', signToken(privateKey, claims, 'HS256')],
  ['the alg of another key', signToken(privateKey, claims, 'EdDSA')],
  [
    'a header that demands what is not understood',
    signToken(privateKey, claims, 'ES256', { crit: ['b64'], b64: false }),
  ],
  ['a claim that stands twice', signToken(privateKey, JSON.stringify(claims).replace('{', '{"sub":"d-1",'))],
  ['no signature', `${signToken(privateKey, claims).split('.').slice(0, 2).join('.')}.`],
];

for (const [what, token] of refused) {
  test(`${what} is refused`, () => assert.equal(verify(token), undefined));
}

for (const alg of ['ES256', 'EdDSA'] as const) {
  test(`a wrong ${alg} signature costs the same for a device with keys and for an id nobody has`, async () => {
    const { privateKey: foreign } = newKey(alg);
    const tokens = {
      known: signToken(foreign, claims),
      unknown: signToken(foreign, { ...claims, sub: 'd-2' }),
    };
    await assertSameCost(['known', 'unknown'], 200, (kind) => {
      const began = performance.now();
      assert.equal(verify(tokens[kind]), undefined);
      return performance.now() - began;
    });
  });
}

test('no text crashes it, and no changed token passes', () => {
  const token = signToken(privateKey, claims);
  fc.assert(
    fc.property(
      fc.string(),
      fc.nat(token.length - 1),
      fc.string({ minLength: 1, maxLength: 1 }),
      (any, at, by) => {
        assert.equal(verify(any), undefined);
        const changed = token.slice(0, at) + by + token.slice(at + 1);
        // The last character of a base64url text may hold bits that count for nothing.
        const same = changed.split('.').every((part, n) => {
          const own = Buffer.from(token.split('.')[n] ?? '', 'base64url');
          return Buffer.from(part, 'base64url').equals(own);
        });
        if (!same) assert.equal(verify(changed), undefined, changed);
      },
    ),
  );
});

test('only a public key of ECDSA P-256 or Ed25519 is taken', () => {
  for (const pem of [
    '',
    'no key',
    keys.ES256.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  ]) {
    assert.throws(() => newKeyCredential(pem, 0), /publicKey must be a PEM public key/);
  }
});
