import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';

/** The floor a hub is measured against: receives and parses frames, and does nothing with them. */

const server = createServer();
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
  process.stdout.write(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/v1/device\n`);
});
