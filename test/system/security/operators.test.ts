import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { mosquittoPub, mosquittoSub } from '../../helpers/services/mosquitto-clients.ts';
import { spawnHub, type HubProcess } from '../../helpers/services/process.ts';
import { startSecurityHub, type SecurityHub } from '../../helpers/hubs/security-hub.ts';
import { waitFor } from '../../helpers/wait-for.ts';

/** Operators at the admin listener and at the embedded broker: who gets in, and how far. */

let hub: SecurityHub;
const tokens = new Map<string, string>();

before(async () => {
  hub = await startSecurityHub(['d-1', 'd-2'], { env: { HUB_BROKER_ANONYMOUS: 'viewer' } });
  await hub.run('device', 'add', 'e-1', '--type', 'env-sensor@1', '--site', 'east');
  for (const [name, ...rights] of [
    ['viewer', '--role', 'viewer'],
    ['operator', '--role', 'operator', '--safety', 'config'],
    ['east', '--role', 'operator', '--devices', 'site=east'],
    ['admin', '--role', 'admin'],
    ['east-admin', '--role', 'admin', '--devices', 'site=east'],
  ] as const) {
    const out = await hub.run('token', 'create', name, ...rights, '--json');
    tokens.set(name, (JSON.parse(out) as { token: string }).token);
  }
});

after(() => hub?.close());

interface Asked {
  status: number;
  headers: Headers;
  body: Record<string, unknown>;
}

async function ask(path: string, options: RequestInit = {}): Promise<Asked> {
  const response = await fetch(`${hub.adminUrl}${path}`, options);
  const text = await response.text();
  const body = text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {};
  return { status: response.status, headers: response.headers, body };
}

const as = (name: string, method = 'GET', body?: object): RequestInit => ({
  method,
  headers: {
    authorization: `Bearer ${tokens.get(name) ?? name}`,
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  },
  ...(body === undefined ? {} : { body: JSON.stringify(body) }),
});

const newDevice = { ids: ['x-1'], type: 'env-sensor@1', site: 'default' };

const everyFive = { params: { seconds: 5 } };
const group = { name: 'set-interval', command: everyFive };

const table: [who: string, method: string, path: string, body: object | undefined, status: number][] = [
  ['nobody', 'GET', '/api/v1/devices', undefined, 401],
  ['viewer', 'GET', '/api/v1/devices/d-1', undefined, 200],
  ['viewer', 'GET', '/api/v1/operators', undefined, 403],
  ['viewer', 'POST', '/api/v1/devices', newDevice, 403],
  ['viewer', 'POST', '/api/v1/devices/d-1/disable', {}, 403],
  ['operator', 'DELETE', '/api/v1/devices/d-1', undefined, 403],
  [
    'operator',
    'POST',
    '/api/v1/operators/tokens',
    { name: 'x', role: 'admin', devices: '*', safety: 'critical' },
    403,
  ],
  ['east', 'GET', '/api/v1/devices/e-1', undefined, 200],
  ['east', 'GET', '/api/v1/devices/d-1', undefined, 403],
  ['viewer', 'POST', '/api/v1/devices/d-1/commands/set-interval', everyFive, 403],
  ['viewer', 'POST', '/api/v1/devices/d-1/commands/h-1/cancel', undefined, 403],
  ['operator', 'POST', '/api/v1/devices/d-1/commands/set-interval', { ...everyFive, id: 'h-1' }, 202],
  ['operator', 'POST', '/api/v1/devices/d-1/commands/h-1/cancel', undefined, 200],
  ['operator', 'POST', '/api/v1/devices/d-1/commands/reboot', { id: 'h-2' }, 403],
  ['east', 'POST', '/api/v1/devices/d-1/commands/set-interval', everyFive, 403],
  ['east', 'POST', '/api/v1/devices/e-1/commands/set-interval', everyFive, 202],
  ['east', 'POST', '/api/v1/group-commands', { ...group, to: 'all' }, 403],
  ['east', 'POST', '/api/v1/group-commands', { ...group, to: 'site=east' }, 202],
  ['admin', 'POST', '/api/v1/group-commands', { ...group, to: 'all', dryRun: true }, 200],
  ['viewer', 'POST', '/api/v1/group-commands', { ...group, to: 'site=east' }, 403],
  // A class above the own.
  ['operator', 'POST', '/api/v1/group-commands', { to: 'all', name: 'reboot', command: { id: 'h-3' } }, 403],
  ['admin', 'POST', '/api/v1/devices/d-2/disable', {}, 204],
  ['admin', 'POST', '/api/v1/devices/d-2/enable', {}, 204],
  ['admin', 'GET', '/api/v1/operators', undefined, 200],
  ['viewer', 'GET', '/api/v1/operators/sessions', undefined, 403],
  ['admin', 'GET', '/api/v1/operators/sessions', undefined, 200],
  ['admin', 'DELETE', '/api/v1/operators/sessions/none', undefined, 404],
  ['east-admin', 'GET', '/api/v1/operators/sessions', undefined, 403],
  ['east-admin', 'DELETE', '/api/v1/operators/sessions/none', undefined, 403],
  // Who reaches only some devices changes nothing that all of them share, least of all the own rights.
  ['east-admin', 'POST', '/api/v1/devices/e-1/disable', {}, 204],
  ['east-admin', 'POST', '/api/v1/devices/e-1/enable', {}, 204],
  ['east-admin', 'POST', '/api/v1/devices/d-1/disable', {}, 403],
  ['east-admin', 'POST', '/api/v1/devices', newDevice, 403],
  ['east-admin', 'POST', '/api/v1/rotations', { ids: ['d-1'] }, 403],
  ['east-admin', 'POST', '/api/v1/notices', { to: 'all', topic: 't', data: 1 }, 403],
  ['east-admin', 'POST', '/api/v1/group-commands', { to: 'all', name: 'reboot' }, 403],
  ['east-admin', 'POST', '/api/v1/dead-letters/purge', { all: true }, 403],
  [
    'east-admin',
    'POST',
    '/api/v1/operators/tokens',
    { name: 'x', role: 'admin', devices: '*', safety: 'critical' },
    403,
  ],
  [
    'east-admin',
    'PUT',
    '/api/v1/operators/accounts/east-admin',
    { role: 'admin', devices: '*', safety: 'critical', password: 'a long password' },
    403,
  ],
];

for (const [who, method, path, body, status] of table) {
  test(`${who} asking ${method} ${path} gets ${status}`, async () => {
    assert.equal((await ask(path, as(who, method, body))).status, status);
  });
}

test('who reaches only some devices is shown only those', async () => {
  const { body } = await ask('/api/v1/devices', as('east'));
  const ids = (body['devices'] as { id: string }[]).map(({ id }) => id);
  assert.deepEqual(ids, ['e-1']);
});

test('who reaches only some devices is shown only their commands', async () => {
  const { body } = await ask('/api/v1/commands', as('east'));
  const devices = new Set((body['commands'] as { device: string }[]).map(({ device }) => device));
  assert.deepEqual([...devices], ['e-1']);
});

test('the audit says which operator asked over HTTP, and what was refused', async () => {
  const { body } = await ask('/api/v1/audit?subject=d-1/h-1', as('admin'));
  const entries = body['entries'] as { actor: string; origin: string; action: string; outcome: string }[];
  const asked = entries.filter(({ origin }) => origin === 'http');
  assert.deepEqual(
    asked.map(({ actor, action, outcome }) => [actor, action, outcome]),
    [
      ['token:viewer', 'command.cancel', 'refused'],
      ['token:operator', 'command.send', 'accepted'],
      ['token:operator', 'command.cancel', 'cancelled'],
    ],
  );
  const all = (await ask('/api/v1/audit?actor=token:east', as('admin'))).body['entries'] as typeof entries;
  const refused = all.filter(({ outcome }) => outcome === 'refused').map(({ action }) => action);
  assert.ok(refused.includes('command.send') && refused.includes('group-command.send'), refused.join());
});

test('group commands are listed to those who may see each of their devices, the newest first', async () => {
  const sent = { ...group, to: 'id=d-1', command: { params: { seconds: 61 } } };
  assert.equal((await ask('/api/v1/group-commands', as('operator', 'POST', sent))).status, 202);
  const listed = async (who: string): Promise<string[]> => {
    const { body } = await ask('/api/v1/group-commands', as(who));
    return (body['groupCommands'] as { to: string; targets: number }[]).map(
      ({ to, targets }) => `${to} ${targets}`,
    );
  };
  assert.deepEqual(await listed('operator'), ['id=d-1 1', 'site=east 1']);
  assert.deepEqual(await listed('east'), ['site=east 1']);
  const { body } = await ask('/api/v1/group-commands', as('operator'));
  const [others] = body['groupCommands'] as { id: string }[];
  const path = `/api/v1/group-commands/${others?.id ?? ''}`;
  assert.equal((await ask(path, as('operator'))).status, 200);
  assert.equal((await ask(path, as('east'))).status, 404, 'what is not about their devices is not there');
  assert.ok([403, 404].includes((await ask(`${path}/cancel`, as('east', 'POST', {}))).status));
});

test('commands are listed by the time at which they were accepted', async () => {
  const list = async (query: string): Promise<{ accepted: number }[]> => {
    const { status, body } = await ask(`/api/v1/commands?${query}`, as('operator'));
    assert.equal(status, 200);
    return body['commands'] as { accepted: number }[];
  };
  const [newest, ...older] = await list('');
  assert.ok(newest !== undefined && older.length > 0);
  const later = await list(`fromMs=${newest.accepted}`);
  assert.ok(later.length > 0 && later.every(({ accepted }) => accepted >= newest.accepted));
  const earlier = await list(`toMs=${newest.accepted}`);
  assert.equal(earlier.length + later.length, older.length + 1);
});

test('the listing of operators shows nothing that lets anybody in', async () => {
  const text = JSON.stringify((await ask('/api/v1/operators', as('admin'))).body);
  assert.doesNotMatch(text, /hash|scrypt|hubt_/i);
});

/** Status and body of a GET that names the hub in this way. */
function answerFor(path: string, host: string): Promise<{ status: number | undefined; body: string }> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(hub.adminUrl);
    request({ hostname, port, path, headers: { host } }, (answer) => {
      let body = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      answer.on('end', () => resolve({ status: answer.statusCode, body }));
    })
      .on('error', reject)
      .end();
  });
}

test("a stranger's name that leads to the hub is answered nowhere, so that no page of the stranger reads on", async () => {
  for (const path of ['/metrics', '/readyz', '/livez', '/', '/api/v1/me', '/nothing']) {
    for (const host of ['evil.example', 'evil.example:8080', '127.0.0.1.evil.example', 'EVIL.example.']) {
      const { status, body } = await answerFor(path, host);
      assert.equal(status, 421, `${path} ${host}`);
      assert.match(body, /"host-unknown".*add its origin, such as https:.*HUB_ADMIN_ORIGINS/);
    }
    for (const host of [
      '127.0.0.1:1',
      '[::1]:8080',
      'localhost',
      'hub:8080',
      'hub.local',
      'x.localhost',
      '10.0.0.7',
    ])
      assert.notEqual((await answerFor(path, host)).status, 421, `${path} ${host}`);
  }
});

test('answers carry the headers that keep a browser safe', async () => {
  const { headers } = await ask('/livez');
  // A promise of HTTPS would bind a name that others share (RFC 6797 §7.2).
  assert.equal(headers.get('strict-transport-security'), null);
  assert.match(headers.get('content-security-policy') ?? '', /default-src 'self'.*frame-ancestors 'none'/);
  assert.equal(headers.get('x-content-type-options'), 'nosniff');
});

function firstLoginOf({ dataDir }: HubProcess): string {
  return readFileSync(join(dataDir, 'first-login'), 'utf8').trim();
}

test('the code of the first start makes the first admin once; a session needs its token and its origin', async (t) => {
  const fresh = await spawnHub();
  t.after(() => fresh.close());
  // Its output is kept by whoever started it; the code is not in it.
  const code = /#code=(\S+)/.exec(firstLoginOf(fresh))?.[1];
  assert.doesNotMatch(fresh.output(), /#code=/);
  assert.match(fresh.output(), /make the first admin in a browser, once: the link is in \S+first-login\n/);
  assert.equal(statSync(join(fresh.dataDir, 'first-login')).mode & 0o777, 0o600);
  const post = (path: string, body: object, headers: Record<string, string> = {}) =>
    fetch(`${fresh.adminUrl}${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
    });
  const person = { name: 'anna', password: 'correct horse battery' };
  assert.equal((await post('/api/v1/first-login', { ...person, code: 'wrong' })).status, 401);
  assert.equal((await post('/api/v1/first-login', { ...person, password: 'short', code })).status, 400);
  const first = await post('/api/v1/first-login', { ...person, code });
  assert.equal(first.status, 200);
  assert.equal((await post('/api/v1/first-login', { ...person, code })).status, 401, 'only once');

  const setCookie = first.headers.get('set-cookie') ?? '';
  assert.match(setCookie, /HttpOnly; SameSite=Strict/);
  const cookie = setCookie.split(';', 1)[0] ?? '';
  const { csrf } = (await first.json()) as { csrf: string };
  const origin = fresh.adminUrl;
  const add = (headers: Record<string, string>) => post('/api/v1/devices', newDevice, headers);
  assert.equal((await add({ cookie })).status, 403, 'no origin');
  assert.equal((await add({ cookie, origin })).status, 403, 'no token');
  assert.equal((await add({ cookie, origin, 'x-csrf-token': 'x'.repeat(43) })).status, 403, 'a wrong token');
  for (const foreign of [
    'https://evil.example',
    'null',
    `${origin}.evil.example`,
    origin.replace('http', 'https'),
  ]) {
    assert.equal((await add({ cookie, origin: foreign, 'x-csrf-token': csrf })).status, 403, foreign);
  }
  assert.equal((await add({ cookie, origin, 'x-csrf-token': csrf })).status, 201);
  assert.equal((await post('/api/v1/logout', {}, { cookie, origin, 'x-csrf-token': csrf })).status, 204);
  assert.equal((await add({ cookie, origin, 'x-csrf-token': csrf })).status, 401, 'signed out');

  assert.equal((await post('/api/v1/login', { ...person, password: 'wrong' })).status, 401);
  assert.equal((await post('/api/v1/login', person)).status, 200);
  const { stdout } = await fresh.cli(['audit', 'list', '--json']);
  for (const [action, outcome] of [
    ['first-login', 'refused'],
    ['first-login', 'done'],
    ['login', 'refused'],
    ['login', 'done'],
    ['device.add', 'done'],
  ]) {
    assert.ok(stdout.includes(`"action":"${action}"`) && stdout.includes(`"outcome":"${outcome}"`), action);
  }
});

test('guessing a password is slowed down', async () => {
  const statuses: number[] = [];
  // On a busy machine a guess takes so long that others are allowed meanwhile.
  for (let n = 0; n < 60 && statuses.at(-1) !== 429; n += 1) {
    const body = JSON.stringify({ name: 'admin', password: `guess ${n}` });
    const headers = { 'content-type': 'application/json' };
    statuses.push((await ask('/api/v1/login', { method: 'POST', headers, body })).status);
  }
  assert.equal(statuses[0], 401);
  assert.equal(statuses.at(-1), 429);
});

test('on the embedded broker nobody forges presence, and only an operator asks for commands', async () => {
  const port = new URL(hub.brokerUrl ?? '').port;
  const publish = (topic: string, user: string[], payload = '{"id":"c-1","params":{"seconds":5}}') =>
    mosquittoPub(['-V', '311', '-p', port, '-q', '1', ...user, '-t', topic, '-m', payload]);
  const user = (name: string): string[] => ['-u', name, '-P', tokens.get(name) ?? 'wrong password'];
  const command = 'hub/v1/command/d-1/set-interval';
  const denied = 'hub_bus_messages_total{fate="denied"}';
  const deniedSoFar = await hub.metric(denied);
  await assert.rejects(publish('hub/v1/presence/d-1', user('admin'), '{"state":"online"}'), 'presence');
  await assert.rejects(publish(command, []), 'anonymous is a viewer here');
  await assert.rejects(publish(command, user('viewer')), 'a viewer');
  await assert.rejects(publish(command, user('east')), 'a device out of reach');
  await assert.rejects(publish('hub/v1/command/d-1/reboot', user('operator')), 'a class above the own');
  assert.equal((await hub.metric(denied)) - deniedSoFar, 5, 'each of them is counted');
  const forged = { actor: 'token:admin', origin: 'mqtt', action: 'publish', subject: 'hub/v1/presence/d-1' };
  await waitFor(
    async () =>
      (await hub.audit()).some(({ actor, origin, action, subject }) =>
        isDeepStrictEqual({ actor, origin, action, subject }, forged),
      ),
    { what: 'the forgery is in the audit' },
  );
  await assert.rejects(publish(command, ['-u', 'd-1', '-P', hub.secretOf('d-1')]), 'a device');
  const all = await mosquittoSub(['-V', '311', '-p', port, '-q', '1', ...user('viewer'), '-t', 'hub/v1/#']);
  await publish(command, user('operator'));
  await all.next('the answer to the command', ({ topic }) => topic.startsWith('hub/v1/status/d-1/c-1/'));
  const entries = (await ask('/api/v1/audit?subject=d-1/c-1', as('admin'))).body['entries'] as {
    actor: string;
    origin: string;
  }[];
  assert.deepEqual([entries[0]?.actor, entries[0]?.origin], ['token:operator', 'mqtt']);
  await all.close();
});

test('a hub that listens on every address leaves a link to this machine, and the console works there', async (t) => {
  const open = await spawnHub({ env: { HUB_ADMIN_LISTEN: '0.0.0.0:0' } });
  t.after(() => open.close());
  const link = firstLoginOf(open);
  const { origin, hostname, hash } = new URL(link);
  assert.equal(hostname, 'localhost');
  const headers = { 'content-type': 'application/json', origin };
  const first = await fetch(`${origin}/api/v1/first-login`, {
    method: 'POST',
    headers,
    body: JSON.stringify({
      name: 'anna',
      password: 'correct horse battery',
      code: hash.slice('#code='.length),
    }),
  });
  assert.equal(first.status, 200);
  const cookie = first.headers.get('set-cookie')?.split(';', 1)[0] ?? '';
  const { csrf } = (await first.json()) as { csrf: string };
  const added = await fetch(`${origin}/api/v1/devices`, {
    method: 'POST',
    headers: { ...headers, cookie, 'x-csrf-token': csrf },
    body: JSON.stringify(newDevice),
  });
  assert.equal(added.status, 201);
});
