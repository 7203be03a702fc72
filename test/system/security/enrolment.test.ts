import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { connectRaw, openRaw } from '../../helpers/devices/raw-device.ts';
import { request } from '../../helpers/devices/raw-http.ts';
import { startSecurityHub, type SecurityHub } from '../../helpers/hubs/security-hub.ts';
import { newKey, signToken } from '../../helpers/tokens.ts';
import { WebSocket } from 'ws';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

let hub: SecurityHub;

before(async () => {
  hub = await startSecurityHub(['old-1', 'old-2', 'jwt-1'], { env: { HUB_TRUSTED_PROXIES: '127.0.0.1' } });
});

after(() => hub?.close());

async function create(...args: string[]): Promise<{ id: string; token: string }> {
  const out = await hub.run('enrolment', 'create', '--type', 'env-sensor@1', ...args, '--json');
  return JSON.parse(out) as { id: string; token: string };
}

let lastAddress = 0;

async function enrol(body: unknown, address?: string) {
  lastAddress += 1;
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const answer = await request(
    hub,
    `POST /v1/enrol HTTP/1.1\r\nHost: hub\r\nX-Forwarded-For: ${address ?? `192.0.2.${lastAddress}`}\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  );
  // Node may send the body in chunks (RFC 9112 §7.1); ours is one line of JSON.
  const json = /\{.*\}/.exec(answer.body)?.[0] ?? '{}';
  return { status: answer.status, body: JSON.parse(json) as Record<string, string> };
}

const options = (id: string, secret: string) => ({ url: hub.deviceUrl, dataDir: hub.dataDir, id, secret });

test('a request that does not mean one thing alone enrols nobody, and says why', async () => {
  const { token } = await create('--uses', '1');
  const body = JSON.stringify({ token, id: 'one-1' });
  const twice = await enrol(body.replace('"id"', '"id":"one-2","id"'));
  assert.equal(twice.status, 400);
  assert.match(JSON.stringify(twice.body), /\/id must be given once/);
  const trailing = await enrol(`${body}\0`);
  assert.equal(trailing.status, 400);
  assert.match(JSON.stringify(trailing.body), /followed by U\+0000/);
  assert.equal((await enrol(`\ufeff${body}`)).status, 201, 'a byte order mark is taken');
});

test('a token lets as many new devices in as it has uses', async () => {
  const labels = ['--label', 'line=3', '--label', 'note=a=b'];
  const { token } = await create('--uses', '2', '--prefix', 'new-', ...labels);
  const first = await enrol({ token, id: 'new-1' });
  assert.equal(first.status, 201);
  const shown = JSON.parse(await hub.run('device', 'show', 'new-1', '--json')) as { labels: object };
  assert.deepEqual(shown.labels, { line: '3', note: 'a=b' });
  (await openRaw(options('new-1', first.body['secret'] ?? ''))).close();
  assert.equal((await enrol({ token, id: 'other-1' })).status, 401, 'not of the prefix');
  assert.equal((await enrol({ token, id: 'new-2' })).status, 201);
  assert.equal((await enrol({ token, id: 'new-3' })).status, 401, 'used up');
  const refused = (await hub.audit()).filter(({ action }) => action === 'device.enrol');
  assert.ok(
    refused.some(({ outcome }) => outcome === 'refused') && refused.some(({ outcome }) => outcome === 'done'),
  );
});

test('a bad request is told what is wrong, and guessing is slowed down', async () => {
  for (const body of ['', '[]', '{"token":1}', { token: 'x' }, { token: 'x', id: 'd', admin: 'yes' }]) {
    assert.equal((await enrol(body)).status, 400, JSON.stringify(body));
  }
  assert.equal((await enrol('x'.repeat(9_000))).status, 400);
  const statuses: number[] = [];
  for (let n = 0; n < 12; n += 1)
    statuses.push((await enrol({ token: `guess-${n}`, id: 'd' }, '198.51.100.7')).status);
  assert.equal(statuses[0], 401);
  assert.equal(statuses.at(-1), 429);
});

test('a registered device gets a new identity at once, and its old one holds until the new one is used', async () => {
  const { token } = await create('--re-enrolment', 'auto');
  const renewed = await enrol({ token, id: 'old-1' });
  assert.equal(renewed.status, 201);
  (await openRaw(options('old-1', hub.secretOf('old-1')))).close();
  (await openRaw(options('old-1', renewed.body['secret'] ?? ''))).close();
  await assert.rejects(connectRaw(options('old-1', hub.secretOf('old-1'))), /401/);
});

test('with approval, only the device that asked gets the identity, after an operator said yes', async () => {
  const { token, id } = await create();
  const asked = await enrol({ token, id: 'old-2' });
  assert.equal(asked.status, 202);
  const claim = asked.body['claim'] ?? '';
  assert.equal((await enrol({ token, id: 'old-2', claim })).status, 202, 'not yet');
  await hub.run('enrolment', 'approve', 'old-2');
  assert.equal((await enrol({ token, id: 'old-2' })).status, 409, 'somebody else');
  const renewed = await enrol({ token, id: 'old-2', claim });
  assert.equal(renewed.status, 201);
  (await openRaw(options('old-2', renewed.body['secret'] ?? ''))).close();
  await hub.run('enrolment', 'revoke', id);
  assert.equal((await enrol({ token, id: 'old-2' })).status, 401);
});

test('a policy of never leaves registered devices alone, and a disabled one stays out', async () => {
  const { token } = await create('--re-enrolment', 'never', '--uses', '5');
  assert.equal((await enrol({ token, id: 'old-2' })).status, 409);
  const { token: auto } = await create('--re-enrolment', 'auto');
  await hub.run('device', 'disable', 'old-1');
  assert.equal((await enrol({ token: auto, id: 'old-1' })).status, 409);
});

test('a token for another type or site is told what it is for, and the audit has the reason', async () => {
  await hub.run('device', 'add', 'meter-1', '--type', 'env-sensor@1', '--site', 'north');
  const { token } = await create('--re-enrolment', 'auto', '--site', 'south');
  const { status, body } = await enrol({ token, id: 'meter-1' });
  assert.equal(status, 409);
  assert.deepEqual(body['error'], {
    code: 'other-type-or-site',
    message:
      'this token is for devices of type env-sensor at site south; the one with this id is registered otherwise',
  });
  const refused = (await hub.audit()).findLast(({ subject }) => subject === 'meter-1');
  assert.deepEqual(refused?.details, { reason: 'other-type-or-site' });
  await hub.run('device', 'disable', 'meter-1');
  const disabled = await enrol({ token, id: 'meter-1' });
  assert.match(JSON.stringify(disabled.body), /"disabled".*an operator has to enable it first/);
});

test('a token of the policy never gives another identity only to what it registered itself', async () => {
  const never = ['--re-enrolment', 'never', '--uses', '9'];
  const { token } = await create(...never);
  // Registered after the token was made, and not yet connected: by an operator, by another token, by a key.
  await hub.run('device', 'add', 'admin-1', '--type', 'env-sensor@1', '--json');
  const other = await create(...never);
  assert.equal((await enrol({ token: other.token, id: 'theirs-1' })).status, 201);
  const key = newKey('EdDSA').publicPem;
  assert.equal((await enrol({ token, id: 'own-key-1', publicKey: key })).status, 201);
  for (const id of ['admin-1', 'theirs-1', 'own-key-1'])
    assert.equal((await enrol({ token, id })).status, 409, id);
  assert.equal((await enrol({ token, id: 'own-key-1', publicKey: newKey('EdDSA').publicPem })).status, 409);
  // An answer that got lost is given again, by the same token alone.
  assert.equal((await enrol({ token, id: 'own-key-1', publicKey: key })).status, 201);
  assert.equal((await enrol({ token, id: 'own-1' })).status, 201);
  const again = await enrol({ token, id: 'own-1' });
  assert.equal(again.status, 201);
  (await openRaw(options('own-1', again.body['secret'] ?? ''))).close();
  assert.equal((await enrol({ token, id: 'own-1' })).status, 409, 'it has connected');
});

test('no policy gives a secret to a device that proves itself by its key, without a person', async () => {
  const { token } = await create('--re-enrolment', 'auto', '--uses', '9');
  const key = newKey('EdDSA').publicPem;
  assert.equal((await enrol({ token, id: 'auto-key-1', publicKey: key })).status, 201);
  assert.equal((await enrol({ token, id: 'auto-key-1' })).status, 409);
  const second = await create('--re-enrolment', 'auto');
  assert.equal((await enrol({ token: second.token, id: 'auto-key-1' })).status, 409);
});

test('a device signs its own tokens, and the session ends with 4401 when the token does', async () => {
  const { privateKey, publicPem } = newKey('EdDSA');
  const { token } = await create('--prefix', 'key-');
  assert.deepEqual((await enrol({ token, id: 'key-1', publicKey: publicPem })).body['secret'], undefined);
  const jwt = signToken(privateKey, {
    sub: 'key-1',
    aud: 'device-hub',
    exp: Math.floor(Date.now() / 1000) + 3,
  });
  const ws = new WebSocket(hub.deviceUrl, ['hub.v1.json'], {
    headers: { authorization: `Bearer ${jwt}` },
    ca: readFileSync(join(hub.dataDir, 'tls', 'ca.crt')),
  });
  await once(ws, 'open');
  const [code] = (await once(ws, 'close')) as [number];
  assert.equal(code, 4401);
});
