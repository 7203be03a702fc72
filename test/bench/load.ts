import type { WebSocket } from 'ws';
import { openSession, readingFrame, type LoadDevice } from './load-session.ts';

/**
 * The load, a process of its own so that its work is not counted as the server's: connects the devices it is told
 * of on stdin (`{"url", "devices": [{"id", "secret"}], "perSec", "seconds"}`), sends readings at an even pace,
 * and prints what became of them as one JSON object.
 */

interface Order {
  url: string;
  devices: LoadDevice[];
  /** Readings a second of each device. */
  perSec: number;
  seconds: number;
}

let text = '';
for await (const chunk of process.stdin) text += String(chunk);
const { url, devices, perSec, seconds } = JSON.parse(text) as Order;

const total = devices.length * perSec * seconds;
const allAcked = Promise.withResolvers<void>();
const delaysMs: number[] = [];
let sent = 0;
let acked = 0;
let nacked = 0;

/** What one device has sent, and what of it was acked. */
interface Books {
  seq: number;
  ackedUpTo: number;
  /** Send times by seq. */
  sentAt: number[];
}

interface Connection {
  ws: WebSocket;
  books: Books;
}

async function connect(device: LoadDevice): Promise<Connection> {
  const books: Books = { seq: 0, ackedUpTo: 0, sentAt: [0] };
  const ws = await openSession(url, device, ({ type, upTo }) => {
    if (type === 'nack') nacked += 1;
    else if (type === 'ack' && upTo !== undefined) settle(books, upTo);
  });
  return { ws, books };
}

function settle(books: Books, upTo: number): void {
  const now = performance.now();
  for (let seq = books.ackedUpTo + 1; seq <= upTo; seq++) delaysMs.push(now - (books.sentAt[seq] ?? now));
  acked += upTo - books.ackedUpTo;
  books.ackedUpTo = upTo;
  if (acked === total) allAcked.resolve();
}

function sendReading({ ws, books }: Connection): void {
  const seq = ++books.seq;
  books.sentAt[seq] = performance.now();
  sent += 1;
  ws.send(readingFrame(seq));
}

const connections: Connection[] = [];
for (let at = 0; at < devices.length; at += 100) {
  connections.push(...(await Promise.all(devices.slice(at, at + 100).map(connect))));
}
process.stdout.write('ready\n');

const startedAt = performance.now();
await new Promise<void>((resolve) => {
  const timer = setInterval(() => {
    const due = Math.min(
      total,
      Math.floor(((performance.now() - startedAt) / 1000) * devices.length * perSec),
    );
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
await Promise.race([allAcked.promise, new Promise((resolve) => setTimeout(resolve, 3_000).unref())]);
delaysMs.sort((a, b) => a - b);
const quantile = (share: number): number => Math.round(delaysMs[Math.floor(delaysMs.length * share)] ?? 0);
process.stdout.write(
  `${JSON.stringify({ sent, acked, nacked, ackP50Ms: quantile(0.5), ackP99Ms: quantile(0.99) })}\n`,
);
for (const { ws } of connections) ws.terminate();
