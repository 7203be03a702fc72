import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { Pool } from 'undici';
import { WebSocketServer, type WebSocket } from 'ws';

/**
 * The second rung of the ladder, a server of its own: what anybody would write by hand. It receives and parses,
 * checks by Ajv, writes lines to InfluxDB in batches, and acks each connection once a batch. It has no sessions,
 * no limits, no presence, no spool, no fan-out.
 *
 * `node pipeline.ts INFLUX_URL`; prints its address.
 */

const influx = new Pool(process.argv[2] ?? '', { connections: 1 });
const maxLines = 5_000;
const flushMs = 100;

const definition = JSON.parse(
  readFileSync(
    fileURLToPath(new URL('../../schemas/device-types/env-sensor@1.json', import.meta.url)),
    'utf8',
  ),
) as { streams: Record<string, { properties: Record<string, unknown>; required?: string[] }> };
const fields = Object.fromEntries(
  Object.keys(definition.streams['env']?.properties ?? {}).map((name) => [name, { type: 'number' }]),
);
const isReading = new Ajv2020().compile<Record<string, number>>({ type: 'object', properties: fields });

interface Owed {
  ws: WebSocket;
  upTo: number;
}

let lines: string[] = [];
let owed = new Map<WebSocket, Owed>();
let writing = false;

async function flush(): Promise<void> {
  if (writing || lines.length === 0) return;
  writing = true;
  const [body, acks] = [lines.join('\n'), owed];
  lines = [];
  owed = new Map();
  const { statusCode, body: answer } = await influx.request({
    path: '/write?db=pipeline&precision=u',
    method: 'POST',
    body,
  });
  await answer.dump();
  if (statusCode !== 204) throw new Error(`InfluxDB answered ${statusCode}`);
  for (const { ws, upTo } of acks.values()) ws.send(`{"type":"ack","upTo":${upTo}}`);
  writing = false;
}
setInterval(() => void flush(), flushMs);

const server = createServer();
const sockets = new WebSocketServer({
  server,
  perMessageDeflate: false,
  clientTracking: false,
  handleProtocols: () => 'hub.v1.json',
});
let devices = 0;
sockets.on('connection', (ws) => {
  devices += 1;
  const prefix = `env,device=d-${devices},site=default `;
  ws.on('message', (data: Buffer) => {
    const frame = JSON.parse(data.toString()) as { type: string; seq: number; ts: number; data: unknown };
    if (frame.type === 'hello') {
      ws.send('{"type":"welcome"}');
      return;
    }
    if (!isReading(frame.data)) return;
    let values = '';
    for (const name in frame.data) values += `${values === '' ? '' : ','}${name}=${frame.data[name]}`;
    lines.push(`${prefix}${values} ${frame.ts * 1000}`);
    const own = owed.get(ws);
    if (own === undefined) owed.set(ws, { ws, upTo: frame.seq });
    else own.upTo = frame.seq;
    if (lines.length >= maxLines) void flush();
  });
});
await influx
  .request({ path: '/query?q=CREATE+DATABASE+pipeline', method: 'POST' })
  .then(({ body }) => body.dump());
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/v1/device\n`);
});
