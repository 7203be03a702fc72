import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text as bodyText } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { openAttackRange, type AttackRange } from '../../helpers/drills/attack-range.ts';
import { request as upgrade, upgradeText } from '../../helpers/devices/raw-http.ts';
import type { SecurityHub } from '../../helpers/hubs/security-hub.ts';

/** Attacks on the interfaces of operators: the admin API, the embedded broker, and the terminal of who looks at it all. */

let range: AttackRange;
let hub: SecurityHub;

before(async () => {
  range = await openAttackRange(['d-1']);
  ({ hub } = range);
});

after(() => range?.close());

/** As whoever may do everything, so that only the body can be what is refused. */
async function post(path: string, body: string): Promise<{ status: number; answer: string }> {
  const outgoing = request({
    socketPath: join(hub.dataDir, 'hub.sock'),
    method: 'POST',
    path: `/api/v1${path}`,
    headers: { 'content-type': 'application/json' },
  });
  outgoing.end(body);
  const [response] = (await once(outgoing, 'response')) as [NodeJS.ReadableStream & { statusCode?: number }];
  return { status: response.statusCode ?? 0, answer: await bodyText(response) };
}

const deep = `${'['.repeat(30_000)}${']'.repeat(30_000)}`;
const bodies: [what: string, path: string, body: string, word: RegExp][] = [
  ['a group command', '/group-commands', `{"to":"all","name":"x","command":{"params":${deep}}}`, /64 levels/],
  [
    'a command',
    '/devices/d-1/commands/set-interval',
    `{"params":{"x":${deep.slice(5_000, -5_000)}}}`,
    /64 levels/,
  ],
  [
    'a schedule',
    '/schedules',
    `{"name":"s","timeZone":"UTC","to":"all","cron":"* * * * *","action":{"kind":"notice","topic":"t","data":${deep}}}`,
    /64 levels/,
  ],
  ['a notice', '/notices', `{"to":"all","topic":"t","data":${deep.slice(25_000, -25_000)}}`, /64 levels/],
];

for (const [what, path, body, word] of bodies) {
  test(`${what} of tens of thousands of levels is refused in words`, async () => {
    const { status, answer } = await range.attack({}, () => post(path, body));
    assert.equal(status, 400, answer);
    assert.match(answer, word);
  });
}

test('a body that names __proto__ or constructor.prototype is refused', async () => {
  for (const body of ['{"__proto__":{"role":"admin"}}', '{"constructor":{"prototype":{"role":"admin"}}}']) {
    const { status, answer } = await range.attack({}, () => post('/devices', body));
    assert.equal(status, 400, answer);
  }
});

/** The first bytes of a packet: its type, and a length of almost 256 MB (MQTT 3.1.1 §2.2.3). */
for (const [what, type] of [
  ['CONNECT', 0x10],
  ['PUBLISH', 0x30],
] as const) {
  test(`a ${what} that announces 256 MB is cut at once, before anybody has signed in`, async () => {
    await range.attack({ counter: 'hub_bus_messages_total{fate="denied"}' }, async () => {
      const socket = connect(Number(new URL(hub.brokerUrl ?? '').port), '127.0.0.1');
      socket.on('error', () => undefined);
      socket.resume();
      socket.write(Buffer.from([type, 0xff, 0xff, 0xff, 0x7f]));
      await once(socket, 'close');
    });
  });
}

test("what strangers try does not steer the operator's terminal", async () => {
  const escape = '\u001B[2J\u001B]0;owned\u0007\u202Egpj';
  const credentials = Buffer.from(`${escape}:x`).toString('base64');
  await range.attack({ audit: { subject: escape, outcome: 'refused' } }, async () => {
    await upgrade(hub, upgradeText({ Authorization: `Basic ${credentials}` }));
  });
  const listed = await hub.run('audit', 'list');
  assert.match(listed, /\\u001b\[2J/);
  assert.doesNotMatch(listed.replaceAll('\n', ''), /[\p{Cc}\u202E]/u);
});

test('a session cookie that was chosen by another is not taken over by a login', async () => {
  const rights = { role: 'viewer', devices: '*', safety: 'observe', password: 'correct horse battery' };
  await hub.ask('PUT', '/operators/accounts/anna', rights);
  const planted = 'hub_session=chosen-by-the-attacker';
  const login = await fetch(`${hub.adminUrl}/api/v1/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', cookie: planted, origin: hub.adminUrl },
    body: JSON.stringify({ name: 'anna', password: rights.password }),
  });
  assert.equal(login.status, 200);
  const cookie = (login.headers.get('set-cookie') ?? '').split(';', 1)[0] ?? '';
  assert.match(cookie, /^hub_session=[A-Za-z0-9_-]{43}$/);
  const me = async (sent: string): Promise<number> =>
    (await fetch(`${hub.adminUrl}/api/v1/me`, { headers: { cookie: sent } })).status;
  assert.deepEqual([await me(planted), await me(cookie)], [401, 200]);

  // Whose rights change, or who is removed, is signed out everywhere.
  await hub.ask('PUT', '/operators/accounts/anna', { ...rights, role: 'operator' });
  assert.equal(await me(cookie), 401);
});
