import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  createSecret,
  hashSecret,
  matchSecret,
  parseBasic,
  type Credential,
} from '../../../hub/registry/credentials.ts';

test('a secret has 192 random bits and no two are alike', () => {
  const secrets = new Set(Array.from({ length: 1_000 }, createSecret));
  assert.equal(secrets.size, 1_000);
  for (const secret of secrets) {
    assert.match(secret, /^[A-Za-z0-9_-]{32}$/);
    assert.equal(Buffer.from(secret, 'base64url').length, 24);
  }
});

const now = 1_767_225_600_000;

function credential(secret: string, rest: Partial<Credential> = {}): Credential {
  const material = hashSecret(secret);
  return { id: 'c1', kind: 'secret', material, state: 'active', createdMs: 0, ...rest };
}

test('a secret matches its own credential and no other', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (one, other) => {
      const credentials = [credential(one), credential(other, { id: 'c2' })];
      assert.equal(matchSecret(one, credentials.slice(0, 1), now)?.id, 'c1');
      assert.equal(matchSecret(one, credentials.slice(1), now)?.id, one === other ? 'c2' : undefined);
      assert.equal(matchSecret(other, credentials, now)?.id, 'c2', 'two are valid at once');
    }),
  );
});

test('a secret counts from its beginning until its end', () => {
  const limited = [credential('s', { notBeforeMs: now, notAfterMs: now + 1_000 })];
  assert.equal(matchSecret('s', limited, now - 1), undefined);
  assert.equal(matchSecret('s', limited, now)?.id, 'c1');
  assert.equal(matchSecret('s', limited, now + 999)?.id, 'c1');
  assert.equal(matchSecret('s', limited, now + 1_000), undefined);
});

test('an unknown id is refused whatever the secret', () => {
  for (const secret of ['', 'guess', createSecret()]) assert.equal(matchSecret(secret, [], now), undefined);
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
