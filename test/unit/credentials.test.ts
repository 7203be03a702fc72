import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createSecret, hashSecret, parseBasic, verifySecret } from '../../hub/devices/credentials.ts';

test('a secret has 192 random bits and no two are alike', () => {
  const secrets = new Set(Array.from({ length: 1_000 }, createSecret));
  assert.equal(secrets.size, 1_000);
  for (const secret of secrets) {
    assert.match(secret, /^[A-Za-z0-9_-]{32}$/);
    assert.equal(Buffer.from(secret, 'base64url').length, 24);
  }
});

test('a secret verifies against its own hash and no other', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (one, other) => {
      assert.equal(verifySecret(one, hashSecret(one)), true);
      assert.equal(verifySecret(one, hashSecret(other)), one === other);
    }),
  );
});

test('an unknown id is refused whatever the secret', () => {
  for (const secret of ['', 'guess', createSecret()]) assert.equal(verifySecret(secret, undefined), false);
});

test('the hash does not hold the secret', () => {
  const secret = createSecret();
  assert.match(hashSecret(secret), /^[0-9a-f]{64}$/);
  assert.ok(!hashSecret(secret).includes(secret));
});

test('a Basic header gives id and secret, split at the first colon', () => {
  const noColon = fc.string().filter((text) => !text.includes(':') && text.isWellFormed());
  const wellFormed = fc.string().filter((text) => text.isWellFormed());
  fc.assert(
    fc.property(noColon, wellFormed, (id, secret) => {
      const encoded = Buffer.from(`${id}:${secret}`).toString('base64');
      assert.deepEqual(parseBasic(`Basic ${encoded}`), { id, secret });
      assert.deepEqual(parseBasic(`bAsIc ${encoded}`), { id, secret });
    }),
  );
});

test('what is no Basic header gives nothing', () => {
  const withoutColon = Buffer.from('just-an-id').toString('base64');
  for (const header of [
    undefined,
    '',
    'Basic',
    'Basic ',
    'Basic !!!!',
    'Bearer abc',
    `Basic ${withoutColon}`,
    'Basic YTpi YTpi',
    'Basic YTpi\n',
  ]) {
    assert.equal(parseBasic(header), undefined, String(header));
  }
});
