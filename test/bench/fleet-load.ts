import { openSession, readingFrame, type LoadDevice } from './load-session.ts';

/**
 * A fleet that lives, a process of its own: connects the devices it is told of on stdin (`{"url", "devices":
 * [{"id", "secret"}], "readingsPerSec", "leavesPerSec"}`), prints `ready`, sends readings at an even pace, one
 * device after another, and has devices say goodbye and come back; until it is ended. SIGTERM: it prints what it
 * did as one JSON object.
 */

interface Order {
  url: string;
  devices: LoadDevice[];
  /** Of all devices together. */
  readingsPerSec: number;
  leavesPerSec: number;
}

const awayMs = 3_000;
const tickMs = 10;

let text = '';
for await (const chunk of process.stdin) text += String(chunk);
const { url, devices, readingsPerSec, leavesPerSec } = JSON.parse(text) as Order;

const did = { sent: 0, nacked: 0, left: 0, cameBack: 0 };

interface Connection {
  device: LoadDevice;
  ws: Awaited<ReturnType<typeof openSession>>;
  seq: number;
}

let boots = 0;
async function connect(device: LoadDevice): Promise<Connection> {
  const ws = await openSession(
    url,
    device,
    ({ type }) => {
      if (type === 'nack') did.nacked += 1;
    },
    `b${(boots += 1)}`,
  );
  return { device, ws, seq: 0 };
}

/** In the order in which they speak and leave; one that comes back is last. */
const here: Connection[] = [];
for (let at = 0; at < devices.length; at += 100)
  here.push(...(await Promise.all(devices.slice(at, at + 100).map(connect))));

function leave(): void {
  const connection = here.shift();
  if (connection === undefined) return;
  did.left += 1;
  connection.ws.send('{"type":"bye"}');
  connection.ws.close(1000);
  setTimeout(() => {
    void connect(connection.device).then((again) => {
      did.cameBack += 1;
      here.push(again);
    });
  }, awayMs);
}

const startedAt = performance.now();
setInterval(() => {
  const seconds = (performance.now() - startedAt) / 1000;
  while (did.sent < seconds * readingsPerSec) {
    const connection = here[did.sent % here.length];
    did.sent += 1;
    if (connection !== undefined) connection.ws.send(readingFrame((connection.seq += 1)));
  }
  while (did.left < seconds * leavesPerSec) leave();
}, tickMs);
process.once('SIGTERM', () => {
  process.stdout.write(`${JSON.stringify(did)}\n`, () => process.exit());
});
process.stdout.write('ready\n');
