import assert from 'node:assert/strict';
import { after, before, test, type TestContext } from 'node:test';
import {
  chromiumRequest,
  deviceClients,
  pageCredential,
  type Knock,
} from '../../helpers/devices/client-requests.ts';
import { basic } from '../../helpers/devices/raw-http.ts';
import { acceptOf, RawWebSocket, wireFrame } from '../../helpers/devices/raw-websocket.ts';
import { startInProcessHub, type InProcessHub } from '../../helpers/hubs/in-process-hub.ts';
import { newKey, signToken } from '../../helpers/tokens.ts';

/** Who gets in with which request: the libraries of devices as they are, and pages only of allowed origins. */

let hub: InProcessHub;
const releases: (() => Promise<void> | void)[] = [];
const page = 'https://page.example.org';

before(async () => {
  const released: TestContext['after'] = (release) => {
    if (release !== undefined) releases.push(release as () => Promise<void>);
  };
  hub = await startInProcessHub({ after: released }, { HUB_ALLOWED_ORIGINS: `${page},null` });
  await hub.add(['d-1']);
});

after(async () => {
  for (const release of releases.toReversed()) await release();
});

const port = (): number => Number(new URL(hub.hub.deviceUrl).port);
const host = (): string => `127.0.0.1:${port()}`;

function good(): Knock {
  const { id, secret } = hub.device('d-1');
  return { host: host(), id, secret };
}

/** Each comes from an address of its own, so that none is slowed down for the wrong secrets of the others. */
let lastAddress = 1;
async function knock(t: TestContext, lines: readonly string[]): Promise<RawWebSocket> {
  lastAddress += 1;
  const raw = await RawWebSocket.request(port(), lines, `127.0.0.${lastAddress}`);
  t.after(() => raw.destroy());
  return raw;
}

const authorizationLine = (): string => `Authorization: ${basic('d-1', good().secret)}`;

const statusOf = ({ head }: RawWebSocket): number => Number(head.split(' ', 2)[1]);
const header = ({ head }: RawWebSocket, name: string): string | undefined =>
  head
    .split('\r\n')
    .find((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}: `))
    ?.slice(name.length + 2);

/** It is let in, and its hello is answered. */
async function assertWelcomed(raw: RawWebSocket): Promise<void> {
  assert.equal(statusOf(raw), 101, raw.head);
  assert.equal(header(raw, 'Sec-WebSocket-Accept'), acceptOf('sDKgLraWlytzYe7bjGVYGg=='));
  raw.write(wireFrame(1, '{"type":"hello","boot":"b-1","deviceType":"env-sensor@1","t1":0}'));
  const { payload } = await raw.frame();
  assert.match(payload.toString(), /^\{"type":"welcome"/);
}

for (const { client, lines } of deviceClients) {
  test(`${client} gets in with its default settings, and with a wrong secret it does not`, async (t) => {
    const raw = await knock(t, lines(good()));
    await assertWelcomed(raw);
    // RFC 6455 §4.1: a client fails a connection whose answer has a subprotocol or extension that it did not offer.
    assert.equal(header(raw, 'Sec-WebSocket-Protocol'), undefined);
    assert.equal(header(raw, 'Sec-WebSocket-Extensions'), undefined);
    assert.equal(statusOf(await knock(t, lines({ ...good(), secret: 'wrong' }))), 401);
  });
}

test('a page of an allowed origin gets in by its subprotocol, and reads back the protocol only', async (t) => {
  const raw = await knock(t, chromiumRequest(host(), page, pageCredential(good())));
  await assertWelcomed(raw);
  assert.equal(header(raw, 'Sec-WebSocket-Protocol'), 'hub.v1.json');
});

test('a page without a host gets in when null is on the list', async (t) => {
  await assertWelcomed(await knock(t, chromiumRequest(host(), 'null', pageCredential(good()))));
});

test('a page may bring a token of the device instead of its secret', async (t) => {
  const { privateKey, publicPem } = newKey('ES256');
  await hub.admin.addKey('d-1', publicPem, {});
  const now = Math.floor(Date.now() / 1000);
  const token = signToken(privateKey, { sub: 'd-1', aud: 'device-hub', iat: now, exp: now + 60 });
  await assertWelcomed(await knock(t, chromiumRequest(host(), page, `hub.auth.${token}`)));
});

const strangers: readonly { who: string; status: number; code: string; lines: () => readonly string[] }[] = [
  {
    who: 'a page of another origin',
    status: 403,
    code: 'origin',
    lines: () => chromiumRequest(host(), 'https://evil.example', pageCredential(good())),
  },
  {
    who: 'a page of the host of the hub itself, which is not on the list',
    status: 403,
    code: 'origin',
    lines: () => chromiumRequest(host(), `http://${host()}`, pageCredential(good())),
  },
  {
    who: 'a page of a file, which is not on the list',
    status: 403,
    code: 'origin',
    lines: () => chromiumRequest(host(), 'file://', pageCredential(good())),
  },
  {
    who: 'a client without an origin that has its credential among the subprotocols',
    status: 403,
    code: 'origin',
    lines: () =>
      chromiumRequest(host(), page, pageCredential(good())).filter((line) => !line.startsWith('Origin')),
  },
  {
    who: 'a page of another origin, even when a browser adds a remembered password',
    status: 403,
    code: 'origin',
    lines: () => [...chromiumRequest(host(), 'https://evil.example'), authorizationLine()],
  },
  {
    who: 'a page whose origin only begins like the host of the hub',
    status: 403,
    code: 'origin',
    lines: () => [...chromiumRequest(host(), `http://${host()}.evil.example`), authorizationLine()],
  },
  {
    who: 'a page of an allowed origin without a credential',
    status: 401,
    code: 'unauthorized',
    lines: () => chromiumRequest(host(), page),
  },
  {
    who: 'a page of an allowed origin with a wrong secret',
    status: 401,
    code: 'unauthorized',
    lines: () => chromiumRequest(host(), page, pageCredential({ id: 'd-1', secret: 'wrong' })),
  },
  {
    who: 'a page with a credential that is neither a secret nor a token',
    status: 401,
    code: 'unauthorized',
    lines: () => chromiumRequest(host(), page, 'hub.auth.'),
  },
  {
    who: 'a request with two credentials',
    status: 400,
    code: 'bad-request',
    lines: () => [...chromiumRequest(host(), page, pageCredential(good())), authorizationLine()],
  },
  {
    who: 'a page that offers its credential without the protocol',
    status: 400,
    code: 'subprotocol',
    lines: () =>
      chromiumRequest(host(), page, pageCredential(good())).map((line) => line.replace('hub.v1.json, ', '')),
  },
  {
    who: 'a device that offers unknown subprotocols only',
    status: 400,
    code: 'subprotocol',
    lines: () => [
      ...RawWebSocket.upgradeLines({ 'Sec-WebSocket-Protocol': 'arduino, mqtt' }, '/v1/device'),
      authorizationLine(),
    ],
  },
];

for (const { who, status, code, lines } of strangers) {
  test(`${who} is refused with ${status} ${code}`, async (t) => {
    const raw = await knock(t, lines());
    assert.equal(statusOf(raw), status, raw.head);
    assert.match(await raw.rest(), new RegExp(`"code":"${code}"`));
    // A browser asks a person for a password only when challenged by Basic.
    assert.doesNotMatch(raw.head, /Basic/i);
  });
}

test('the libraries that send an origin do not get in by it alone', async (t) => {
  for (const { lines } of deviceClients) {
    const withoutHeader = lines(good()).filter((line) => !line.startsWith('Authorization'));
    const origin = withoutHeader.some((line) => line.startsWith('Origin'));
    assert.equal(statusOf(await knock(t, withoutHeader)), origin ? 403 : 401);
  }
});

test('a refusal is found in the events of the device that its page claimed to be', async (t) => {
  await hub.add(['d-2']);
  await knock(t, chromiumRequest(host(), page, pageCredential({ id: 'd-2', secret: 'wrong' })));
  const { events } = await hub.ask('GET /api/v1/devices/{id}/why', { params: { id: 'd-2' } });
  assert.ok(JSON.stringify(events).includes('"status":401'), JSON.stringify(events));
});
