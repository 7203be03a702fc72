import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

/** What a hub does with a connection once it has the request; the bytes are its own. */
export type Attack = (socket: Socket, accept: string) => void;

/** RFC 6455 §4.2.2: what the answer to this request must have. */
function acceptOf(request: string): string {
  const [, key = ''] = /^sec-websocket-key: *(\S+)/im.exec(request) ?? [];
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
}

/** The answer that opens a WebSocket. */
export function upgraded(accept: string, protocol = 'hub.v1.json'): string {
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${accept}`,
    ...(protocol === '' ? [] : [`Sec-WebSocket-Protocol: ${protocol}`]),
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** A frame of a server (§5.2), unmasked. @param first the byte with opcode and flags */
export function frameBytes(first: number, payload: Buffer | string): Buffer {
  const content = Buffer.from(payload);
  const head = content.length < 126 ? Buffer.from([first, content.length]) : Buffer.alloc(10);
  if (content.length >= 126) {
    head[0] = first;
    head[1] = 127;
    head.writeBigUInt64BE(BigInt(content.length), 2);
  }
  return Buffer.concat([head, content]);
}

/**
 * A server that treats each connection by the next attack, and passes those after the last one on.
 * @param port of the hub that is right
 * @returns its address, and how many connections came
 */
export async function startHostileServer(
  t: TestContext,
  attacks: readonly Attack[],
  port: number,
): Promise<{ url: string; readonly connections: number }> {
  let connections = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    const attack = attacks[connections];
    connections += 1;
    if (attack === undefined) {
      const onward = connect(port, '127.0.0.1');
      onward.on('error', () => undefined);
      socket.pipe(onward).pipe(socket);
      return;
    }
    let request = '';
    socket.on('data', (data) => {
      const isWhole = request.includes('\r\n\r\n');
      request += data.toString('latin1');
      if (!isWhole && request.includes('\r\n\r\n')) attack(socket, acceptOf(request));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/v1/device`,
    get connections() {
      return connections;
    },
  };
}
