import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Answers one request. What breaks the rules of HTTP is written to the socket, which stays open unless it is ended here. */
export type HttpStranger = (response: ServerResponse, socket: Socket) => void;

function answer(
  status: number,
  { headers = {}, body = '' }: { headers?: Record<string, string>; body?: string } = {},
): HttpStranger {
  return (response) => response.writeHead(status, headers).end(body);
}

const raw =
  (text: string, after: 'stay' | 'end' = 'stay'): HttpStranger =>
  (_response, socket) => {
    socket.write(text, 'latin1');
    if (after === 'end') socket.end();
  };

const page = (title: string): { headers: Record<string, string>; body: string } => ({
  headers: { 'Content-Type': 'text/html', Server: 'nginx/1.22.1' },
  body: `<html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>`,
});

const json = (value: unknown): { headers: Record<string, string>; body: string } => ({
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify(value),
});

const bytes = (hex: string): HttpStranger => raw(Buffer.from(hex, 'hex').toString('latin1'));

/** One byte at a time, for as long as anybody listens. */
function drip(text: string, everyMs: number): HttpStranger {
  return (_response, socket) => {
    let at = 0;
    const timer = setInterval(() => {
      if (at >= text.length || socket.destroyed) clearInterval(timer);
      else socket.write(text.charAt(at++));
    }, everyMs);
    socket.once('close', () => clearInterval(timer));
  };
}

const redirect = { headers: { Location: 'https://login.example/portal' } };

/** Everything that something in between, or another program at the address, may answer. None is InfluxDB. */
export const httpStrangers: Readonly<Record<string, HttpStranger>> = {
  '200 with a page': answer(200, page('Welcome')),
  '200 with JSON': answer(200, json({ status: 'ok' })),
  '200 with an empty result': answer(200, json({ results: [{}] })),
  '204 without headers': answer(204),
  '204 of another database': answer(204, { headers: { 'X-Server-Hostname': 'victoria' } }),
  '202 of a queue': answer(202, json({ queued: true })),
  '206': answer(206, { headers: { 'Content-Range': 'bytes 0-0/1' }, body: 'x' }),
  '301 elsewhere': answer(301, redirect),
  '302 to a portal': answer(302, redirect),
  '304': answer(304),
  '307 elsewhere': answer(307, redirect),
  '400 with a page': answer(400, page('400 Bad Request')),
  '400 of a gateway': answer(400, json({ message: 'Bad Request' })),
  '400 in the words of InfluxDB': answer(
    400,
    json({ error: 'partial write: points beyond retention policy dropped=1' }),
  ),
  '400 about lines of somebody else': answer(
    400,
    json({ error: 'partial write of line protocol occurred', data: [{ original_line: 'other v=1' }] }),
  ),
  '401 of a proxy': answer(401, { headers: { 'WWW-Authenticate': 'Basic realm="proxy"' } }),
  '403 of a firewall': answer(403, page('Request blocked')),
  '404 with a page': answer(404, page('404 Not Found')),
  '404 in the words of InfluxDB': answer(404, json({ error: 'database not found: "hub"' })),
  '405': answer(405, { headers: { Allow: 'GET' } }),
  '407': answer(407, { headers: { 'Proxy-Authenticate': 'Basic' } }),
  '411': answer(411, page('411 Length Required')),
  '413 of a proxy': answer(413, page('413 Request Entity Too Large')),
  '418': answer(418),
  '422 of a gateway': answer(422, json({ message: 'unprocessable' })),
  '429 of a gateway': answer(429, json({ message: 'slow down' })),
  '431': answer(431),
  '500 of another program': answer(500, { body: 'Traceback' }),
  '502': answer(502, page('502 Bad Gateway')),
  '503 with Retry-After 0': answer(503, { headers: { 'Retry-After': '0' } }),
  '504': answer(504, page('504 Gateway Time-out')),
  '511 of a portal': answer(511, page('Sign in to the network')),
  '100 and nothing more': raw('HTTP/1.1 100 Continue\r\n\r\n'),
  '101 to nothing': raw('HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n'),
  '103, then 204 without headers': raw(
    'HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n',
  ),
  'two answers at once': raw('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 204 No Content\r\n\r\n'),
  'half a head': raw('HTTP/1.1 204 No Content\r\nX-Influxdb-Vers', 'end'),
  'half a body': raw(
    'HTTP/1.1 400 Bad Request\r\nX-Influxdb-Version: 1.8.10\r\nContent-Length: 99\r\n\r\n{"error":"par',
    'end',
  ),
  'chunked garbage': raw('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\u0000\u0001\r\n'),
  'HTTP/1.0 without a head': raw('204 No Content\n', 'end'),
  'the preface of HTTP/2': bytes('00000604000000000000030000006400000004080000000000000f0001'),
  'TLS on plain': bytes('15030100020250'),
  'another protocol': raw('SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n'),
  'a slow drip': drip(`HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n${'.'.repeat(1_000)}`, 40),
  'a body without end': (_response, socket) => {
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
    const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`;
    const more = (): void => {
      while (!socket.destroyed && socket.write(chunk));
    };
    socket.on('drain', more);
    more();
  },
  'a head without end': drip('HTTP/1.1 204 No Content\r\n'.concat('X-Padding: aaaaaaaa\r\n'.repeat(200)), 1),
  'nothing at all': () => undefined,
  'an end at once': (_response, socket) => {
    socket.end();
  },
  'a reset': (_response, socket) => {
    socket.resetAndDestroy();
  },
};
