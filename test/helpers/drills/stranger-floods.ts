/** The floods of `strangers.ts`, each in a worker thread, so that it holds up nobody who measures. */

import { once } from 'node:events';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import { connectRaw, openRaw, type RawDevice } from '../devices/raw-device.ts';
import { connectPacket, mqttText } from '../devices/raw-mqtt.ts';
import { letPass } from '../let-pass.ts';

export interface FloodTask {
  flood: FloodName;
  deviceUrl: string;
  adminUrl: string;
  brokerUrl: string;
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
async function pour(
  { deviceUrl: url, greedy }: FloodTask,
  send: (device: RawDevice, n: number) => void,
): Promise<void> {
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

function frames(frame: (n: number) => Record<string, unknown>): (task: FloodTask) => Promise<void> {
  return (task) => pour(task, (device, n) => device.send(frame(n)));
}

/** Of the API. The answer is read to its end. */
async function ask(url: string, headers: Record<string, string>, body?: string): Promise<void> {
  const asked = request(url, { method: body === undefined ? 'GET' : 'POST', headers });
  asked.end(body);
  const [answer] = (await once(asked, 'response')) as [NodeJS.ReadableStream];
  answer.resume();
  await once(answer, 'end');
}

/** A connection to the port of this address. */
async function reach(url: string): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** Of MQTT 3.1.1: name, password, a session that ends with the connection (§3.1.2.3). */
const signsIn = 0xc2;

const floods = {
  'no credentials': ({ deviceUrl }: FloodTask) => again(() => knock(deviceUrl, '', '')),
  'wrong secrets': ({ deviceUrl }: FloodTask) => again((n) => knock(deviceUrl, 'd-1', `guess-${n}`)),
  'sockets without a word': ({ deviceUrl }: FloodTask) => again(() => reach(deviceUrl)),
  'wrong passwords': ({ adminUrl }: FloodTask) =>
    again((n) =>
      ask(
        `${adminUrl}/api/v1/login`,
        { 'content-type': 'application/json' },
        JSON.stringify({ name: `admin-${n % 3}`, password: `guess number ${n}` }),
      ),
    ),
  'wrong tokens': ({ adminUrl }: FloodTask) =>
    again((n) => ask(`${adminUrl}/api/v1/devices`, { authorization: `Bearer guess-${n}` })),
  'wrong passwords over MQTT': ({ brokerUrl }: FloodTask) =>
    again(async (n) => {
      const socket = await reach(brokerUrl);
      const rest = [...mqttText(`program-${n % 3}`), ...mqttText(`guess number ${n}`)];
      socket.end(Buffer.from(connectPacket({ flags: signsIn, rest })));
      socket.resume();
      await once(socket, 'close');
    }),
  'a device that reconnects': ({ deviceUrl, greedy }: FloodTask) =>
    again(() => knock(deviceUrl, greedy.id, greedy.secret)),
  readings: frames((seq) => ({
    type: 'telemetry',
    seq,
    stream: 'env',
    ts: Date.now(),
    data: { temperature: 1 },
  })),
  events: frames((seq) => ({
    type: 'event',
    seq,
    name: 'reading-out-of-range',
    severity: 'info',
    ts: Date.now(),
    data: {},
  })),
  heartbeats: frames((n) => ({ type: 'heartbeat', t1: n })),
  receipts: frames(() => ({ type: 'received', re: 'c-1' })),
  progress: frames(() => ({ type: 'progress', re: 'c-1', percent: 1 })),
  results: frames(() => ({ type: 'result', re: 'c-1', status: 'succeeded' })),
  'a hello after the hello': frames(() => ({
    type: 'hello',
    boot: 'b-1',
    deviceType: 'env-sensor@1',
    t1: 1,
  })),
  'unknown frames': frames(() => ({ type: 'unheard-of' })),
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
