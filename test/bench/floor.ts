import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import { makeAuthority, makeLeaf } from '../../hub/adapters/tls/tls-issuer.ts';
import { tlsServerOptions } from '../../hub/adapters/tls/tls.ts';

/** The floor a hub is measured against: receives and parses frames, and does nothing with them. `floor.ts [tls]` */

const isTls = process.argv[2] === 'tls';
const server = isTls ? createTlsServer(tlsServerOptions(await ownCertificate())) : createServer();
const sockets = new WebSocketServer({
  server,
  perMessageDeflate: false,
  clientTracking: false,
  handleProtocols: () => 'hub.v1.json',
});
sockets.on('connection', (ws) => {
  ws.on('message', (data: Buffer) => {
    const frame = JSON.parse(data.toString()) as { type?: string };
    if (frame.type === 'hello') ws.send('{"type":"welcome"}');
  });
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(
    `${isTls ? 'wss' : 'ws'}://127.0.0.1:${(server.address() as AddressInfo).port}/v1/device\n`,
  );
});

async function ownCertificate(): Promise<Parameters<typeof tlsServerOptions>[0]> {
  const now = Date.now();
  return makeLeaf(await makeAuthority(now), ['localhost', '127.0.0.1'], now);
}
