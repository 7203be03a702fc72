/** The floods of `strangers.ts`, each in a worker thread, so that it holds up nobody who measures. */

import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import { connectRaw, openRaw, type RawDevice } from '../devices/raw-device.ts';
import { letPass } from '../let-pass.ts';

export interface FloodTask {
  flood: FloodName;
  deviceUrl: string;
  adminUrl: string;
  /** A registered device that misbehaves. */
  greedy: { id: string; secret: string };
}

const lanes = 8;
let attempts = 0;
const stop = new AbortController();

/** Runs `once` again and again on some lanes at a time, as fast as it comes back. */
async function again(run: (n: number) => Promise<unknown>): Promise<void> {
  const lane = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      attempts += 1;
      await run(attempts).catch(() => letPass(5));
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

async function knock(url: string, id: string, secret: string): Promise<void> {
  const device = await connectRaw({ url, id, secret });
  device.ws.terminate();
}

/** Sends frames as fast as they are taken, and comes back whenever it is thrown out. */
async function pour({ deviceUrl: url, greedy }: FloodTask, send: (device: RawDevice, n: number) => void) {
  let seq = 0;
  while (!stop.signal.aborted) {
    const device = await openRaw({ url, ...greedy }).catch(() => undefined);
    if (device === undefined) {
      await letPass(50);
      continue;
    }
    seq = 0;
    while (!stop.signal.aborted && device.ws.readyState === 1) {
      for (let n = 0; n < 200; n += 1) {
        seq += 1;
        attempts += 1;
        send(device, seq);
      }
      await letPass(0);
      while (device.ws.bufferedAmount > 1_000_000 && device.ws.readyState === 1) await letPass(1);
    }
    device.ws.terminate();
  }
}

const floods = {
  'no credentials': ({ deviceUrl }: FloodTask) => again(() => knock(deviceUrl, '', '')),
  'wrong secrets': ({ deviceUrl }: FloodTask) => again((n) => knock(deviceUrl, 'd-1', `guess-${n}`)),
  'sockets without a word': ({ deviceUrl }: FloodTask) =>
    again(async () => {
      const { port } = new URL(deviceUrl);
      const socket = connect(Number(port), '127.0.0.1');
      socket.on('error', () => undefined);
      await once(socket, 'connect');
    }),
  'wrong passwords': ({ adminUrl }: FloodTask) =>
    again(async (n) => {
      const asked = request(`${adminUrl}/api/v1/login`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
      });
      asked.end(JSON.stringify({ name: `admin-${n % 3}`, password: `guess number ${n}` }));
      const [answer] = (await once(asked, 'response')) as [NodeJS.ReadableStream];
      answer.resume();
    }),
  'a device that reconnects': ({ deviceUrl, greedy }: FloodTask) =>
    again(() => knock(deviceUrl, greedy.id, greedy.secret)),
  heartbeats: (task: FloodTask) => pour(task, (device, n) => device.send({ type: 'heartbeat', t1: n })),
  results: (task: FloodTask) =>
    pour(task, (device) => device.send({ type: 'result', re: 'c-1', status: 'succeeded' })),
  readings: (task: FloodTask) =>
    pour(task, (device, seq) =>
      device.send({ type: 'telemetry', seq, stream: 'env', ts: Date.now(), data: { temperature: 1 } }),
    ),
  'unknown frames': (task: FloodTask) => pour(task, (device) => device.send({ type: 'unheard-of' })),
  pings: (task: FloodTask) => pour(task, (device) => device.ws.ping()),
} as const;

export type FloodName = keyof typeof floods;
export const floodNames = Object.keys(floods) as FloodName[];

if (parentPort !== null) {
  const task = workerData as FloodTask;
  parentPort.once('message', () => {
    stop.abort();
    parentPort?.postMessage(attempts);
  });
  void floods[task.flood](task);
}
