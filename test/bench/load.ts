import { WebSocket } from 'ws';
import type { LoadOrder } from './load-run.ts';
import { letPass } from '../helpers/let-pass.ts';

/**
 * The load, a process of its own so that its work is not counted as the server's: connects the devices it is told of on
 * stdin (a LoadOrder), sends readings at an even pace, and prints what became of them as one JSON object. Without
 * readings the devices are idle: they send their heartbeats and nothing else.
 */

let text = '';
for await (const chunk of process.stdin) text += String(chunk);
const { url, devices, perSec, seconds, heartbeatSec = 30, samples = 1 } = JSON.parse(text) as LoadOrder;

const total = devices.length * perSec * seconds;
const allAcked = Promise.withResolvers<void>();
const delaysMs: number[] = [];
let sent = 0;
let acked = 0;
let nacked = 0;
/** How late the load itself was with a reading at most, ms: beyond some ms it is the generator that is measured. */
let lateMaxMs = 0;

interface Connection {
  ws: WebSocket;
  seq: number;
  ackedUpTo: number;
  /** Send times by seq. */
  sentAt: number[];
}

/** A hub that takes up only so many connections a second says when to come again (503, Retry-After in seconds). */
async function open(device: LoadOrder['devices'][number]): Promise<Connection> {
  for (;;) {
    const opened = await tryToOpen(device);
    if (typeof opened !== 'number') return opened;
    await letPass(opened * 1_000);
  }
}

/** @returns the connection, or after how many seconds to come again */
function tryToOpen({ id, secret }: LoadOrder['devices'][number]): Promise<Connection | number> {
  return new Promise((resolve, reject) => {
    const authorization = `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
    // The certificate is the hub's own of a moment ago: who is measured is known.
    const options = { headers: { authorization }, perMessageDeflate: false, rejectUnauthorized: false };
    const ws = new WebSocket(url, ['hub.v1.json'], options);
    const connection: Connection = { ws, seq: 0, ackedUpTo: 0, sentAt: [0] };
    ws.on('error', reject);
    ws.on('unexpected-response', (_request, response) => {
      const retryAfterSec = Number(response.headers['retry-after']);
      if (response.statusCode === 503 && retryAfterSec > 0) resolve(retryAfterSec);
      else reject(new Error(`the upgrade was answered with ${response.statusCode}`));
    });
    ws.on('open', () =>
      ws.send(
        `{"type":"hello","boot":"b","deviceType":"env-sensor@1","t1":1000,"heartbeatSec":${heartbeatSec}}`,
      ),
    );
    ws.on('message', (data: Buffer) => {
      const frame = JSON.parse(data.toString()) as { type: string; upTo?: number };
      if (frame.type === 'welcome') resolve(connection);
      else if (frame.type === 'nack') nacked += 1;
      else if (frame.type === 'ack' && frame.upTo !== undefined) settle(connection, frame.upTo);
    });
  });
}

function settle(connection: Connection, upTo: number): void {
  const now = performance.now();
  for (let seq = connection.ackedUpTo + 1; seq <= upTo; seq++)
    delaysMs.push(now - (connection.sentAt[seq] ?? now));
  acked += upTo - connection.ackedUpTo;
  connection.ackedUpTo = upTo;
  if (acked === total) allAcked.resolve();
}

function sendReading(connection: Connection): void {
  const seq = ++connection.seq;
  connection.sentAt[seq] = performance.now();
  sent += 1;
  connection.ws.send(
    samples === 1
      ? `{"type":"telemetry","seq":${seq},"stream":"env","ts":${Date.now()},"data":${dataOf(seq)}}`
      : `{"type":"telemetry","seq":${seq},"stream":"env","samples":[${batchOf(seq)}]}`,
  );
}

function dataOf(number: number): string {
  return `{"temperature":${20 + (number % 50) / 10},"humidity":45.5,"battery":3.71,"rssi":-61}`;
}

/** Readings of the time since the frame before. */
function batchOf(seq: number): string {
  const [now, everyMs] = [Date.now(), 1_000 / perSec / samples];
  return Array.from({ length: samples }, (_, index) => {
    const ts = Math.round((now - index * everyMs) * 1_000) / 1_000;
    return `{"ts":${ts},"data":${dataOf(seq + index)}}`;
  }).join(',');
}

const connections: Connection[] = [];
for (let at = 0; at < devices.length; at += 100) {
  connections.push(...(await Promise.all(devices.slice(at, at + 100).map(open))));
}
process.stdout.write('ready\n');

const startedAt = performance.now();
if (perSec === 0) {
  // Spread over the interval, as those of a fleet are.
  const everyMs = (0.8 * heartbeatSec * 1_000) / connections.length;
  for (let next = 0; performance.now() - startedAt < seconds * 1_000; next += 1) {
    const t1 = Math.round(performance.now());
    connections[next % connections.length]?.ws.send(`{"type":"heartbeat","t1":${t1}}`);
    await letPass(Math.max(0, startedAt + (next + 1) * everyMs - performance.now()));
  }
}
await new Promise<void>((resolve) => {
  const timer = setInterval(() => {
    const due = Math.min(
      total,
      Math.floor(((performance.now() - startedAt) / 1000) * devices.length * perSec),
    );
    const behind = (due - sent) / ((devices.length * perSec) / 1000);
    lateMaxMs = Math.max(lateMaxMs, Math.round(behind));
    while (sent < due) {
      const connection = connections[sent % connections.length];
      if (connection !== undefined) sendReading(connection);
    }
    if (sent < total) return;
    clearInterval(timer);
    resolve();
  }, 5);
});
process.stdout.write('sent\n');
if (total === 0) allAcked.resolve();
await Promise.race([allAcked.promise, new Promise((resolve) => setTimeout(resolve, 3_000).unref())]);
delaysMs.sort((a, b) => a - b);
const quantile = (share: number): number => Math.round(delaysMs[Math.floor(delaysMs.length * share)] ?? 0);
process.stdout.write(
  `${JSON.stringify({ sent, acked, nacked, lateMaxMs, ackP50Ms: quantile(0.5), ackP99Ms: quantile(0.99) })}\n`,
);
for (const { ws } of connections) ws.terminate();
