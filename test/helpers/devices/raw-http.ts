import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import type { HubProcess } from '../services/process.ts';

/** An answer as it came over the wire. */
export interface RawAnswer {
  status: number;
  head: string;
  body: string;
}

export const upgradeHeaders: Readonly<Record<string, string>> = {
  Host: 'hub',
  Upgrade: 'websocket',
  Connection: 'Upgrade',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Protocol': 'hub.v1.json',
};

/** The text of an upgrade request: `headers` adds to the good ones, or takes one away (undefined). */
export function upgradeText(
  headers: Readonly<Record<string, string | undefined>> = {},
  path = '/v1/device',
): string {
  const all = Object.entries({ ...upgradeHeaders, ...headers }).filter(([, value]) => value !== undefined);
  return `GET ${path} HTTP/1.1\r\n${all.map(([name, value]) => `${name}: ${value ?? ''}`).join('\r\n')}\r\n\r\n`;
}

export function basic(id: string, secret: string): string {
  return `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
}

/** A TLS connection to the device listener, ready to be written to. */
export async function openTls(hub: Pick<HubProcess, 'deviceUrl' | 'dataDir'>): Promise<TLSSocket> {
  const socket = connect({
    host: '127.0.0.1',
    port: Number(new URL(hub.deviceUrl).port),
    ca: readFileSync(join(hub.dataDir, 'tls', 'ca.crt')),
  });
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect');
  return socket;
}

/** Writes `text` on a connection of its own and reads the answer. */
export async function request(
  hub: Pick<HubProcess, 'deviceUrl' | 'dataDir'>,
  text: string | Buffer,
): Promise<RawAnswer> {
  return answerOf(await openTls(hub), text);
}

/** Writes `text` and reads until the hub has answered with a whole head (and closed, when it refuses). */
export async function answerOf(socket: TLSSocket, text: string | Buffer): Promise<RawAnswer> {
  let received = '';
  socket.setEncoding('latin1');
  const answered = new Promise<void>((resolve) => {
    socket.on('data', (chunk: string) => {
      received += chunk;
      if (received.startsWith('HTTP/1.1 101') && received.includes('\r\n\r\n')) resolve();
    });
    socket.on('close', () => resolve());
  });
  socket.write(text);
  await answered;
  socket.destroy();
  const [head = '', body = ''] = received.split('\r\n\r\n', 2);
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0), head, body };
}
