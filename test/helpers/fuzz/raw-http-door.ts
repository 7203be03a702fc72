/** Bytes to the HTTP listeners: requests taken apart and put together again, and no requests at all. */

import fc from 'fast-check';
import { makeDoor } from './door.ts';
import { exchange } from './exchange.ts';
import type { FuzzRange } from './fuzz-range.ts';
import { mostly } from './mostly.ts';

interface Bytes {
  listener: 'admin' | 'device';
  text: string;
}

const line = fc.tuple(
  mostly(['GET', 'POST', 'HEAD', 'OPTIONS', 'DELETE'], ['TRACE', 'CONNECT', 'PRI', 'get', '\0', '']),
  mostly(
    [
      '/livez',
      '/api/v1/devices',
      '/api/v1/live',
      '/v1/device',
      '/',
      'http://hub/livez',
      '//',
      '/../../etc/passwd',
    ],
    ['*', '/%', '/%00', '/\u00ff', `/${'a'.repeat(9_000)}`, ''],
  ),
  mostly(['HTTP/1.1', 'HTTP/1.0'], ['HTTP/2.0', 'HTTP/9.9', 'http/1.1', '']),
);

const goodHeaders = [
  'Content-Length: 2',
  'Transfer-Encoding: chunked',
  'Connection: upgrade',
  'Connection: keep-alive, close',
  'Upgrade: websocket',
  'Upgrade: h2c',
  'Expect: 100-continue',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Key: x',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Version: 99',
  'Sec-WebSocket-Protocol: hub.v1.json',
  'Sec-WebSocket-Protocol: ,,',
  'Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=1',
  'Authorization: Basic ',
  'Authorization: Basic ////',
  'Authorization: Bearer e30.e30.e30',
  'Authorization: Bearer \u00ff',
  'Cookie: __Host-session=a; hub=\u00ff; =',
  'Origin: null',
  'Origin: http://hub',
  'Content-Type: application/json',
  'X-Forwarded-For: ::ffff:1.2.3.4, , x',
  'X-CSRF-Token: \u00ff',
  'Idempotency-Key: \u00ff',
  '__proto__: x',
  'constructor: x',
];

const badHeaders = [
  'Host: ',
  'Host: a\u0000b',
  'Host: [::1',
  'Host: evil.example.com',
  'Content-Length: -1',
  'Content-Length: 99999999999999999999',
  'Transfer-Encoding: chunked, identity',
  `X: ${'x'.repeat(9_000)}`,
  ': no name',
  ' folded',
  'no colon',
];

const headers = fc
  .array(mostly(goodHeaders, badHeaders, 30), { maxLength: 12 })
  .map((given) => ['Host: hub', ...given]);

/** What a device asks for its session with, and a console for its changes. */
const upgrade = 'Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n';

const body = fc.constantFrom(
  '',
  '{}',
  '0\r\n\r\n',
  '2\r\n{}\r\n0\r\n\r\n',
  'ffffffffffffffff\r\n',
  '{"name":"a"',
);

const requests = fc
  .tuple(line, headers, mostly(['\r\n'], ['\n', '\r']), mostly([''], [upgrade], 2), body)
  .map(
    ([first, given, end, more, rest]) =>
      `${first.join(' ')}${end}${given.join(end)}${end}${more}${end}${rest}`,
  );

const bytes = fc.record<Bytes>({
  listener: fc.constantFrom('admin', 'device'),
  text: fc.oneof(
    { weight: 6, arbitrary: requests },
    { weight: 1, arbitrary: fc.array(requests, { minLength: 2, maxLength: 3 }).map((all) => all.join('')) },
    { weight: 1, arbitrary: fc.tuple(requests, fc.nat(300)).map(([whole, at]) => whole.slice(0, at)) },
    {
      weight: 1,
      arbitrary: fc
        .uint8Array({ minLength: 1, maxLength: 60 })
        .map((some) => Buffer.from(some).toString('latin1')),
    },
  ),
});

async function strike({ hub }: FuzzRange, { listener, text }: Bytes): Promise<string> {
  const url = listener === 'admin' ? hub.adminUrl : hub.deviceUrl;
  const answer = (await exchange(url, [{ bytes: Buffer.from(text, 'latin1') }])).toString('latin1');
  if (answer === '') return 'nothing';
  const status = Number(/^HTTP\/1\.[01] (\d{3}) /.exec(answer)?.[1]);
  if (Number.isNaN(status)) throw new Error(`no HTTP answer: ${answer}`);
  const isOurs = (status >= 500 && status !== 503) || answer.includes('"database-failed"');
  if (isOurs) throw new Error(`answered ${answer}`);
  if (status >= 400) refused(answer);
  return `${listener} ${status}`;
}

/** @throws when what is refused is not refused in the one shape */
function refused(answer: string): void {
  const [head = '', said = ''] = answer.split('\r\n\r\n', 2);
  // The page of a console that was never built, for a person: nothing else is 503 as HTML.
  if (/^HTTP\/1.1 503 /.test(head) && /^content-type: text\/html/im.test(head)) return;
  if (!/^content-type: application\/json/im.test(head)) throw new Error(`refused without JSON: ${answer}`);
  // HEAD has none; where it would be, the answer to what follows may begin.
  if (said !== '' && !said.startsWith('HTTP/1.1 ') && !said.includes('{"error":{"code":"'))
    throw new Error(`refused otherwise: ${answer}`);
}

export const rawHttpDoor = makeDoor('bytes', bytes, strike);
