import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';

/** What a load looks at in the hub's frames. */
export interface HubFrame {
  type: string;
  upTo?: number;
}

export interface LoadDevice {
  id: string;
  secret: string;
}

/**
 * Opens a session as an `env-sensor@1`. A hub that takes up only so many connections a second says when to come
 * again (503, Retry-After in seconds), and that is done.
 * @param heard each frame but the welcome
 */
export async function openSession(
  url: string,
  device: LoadDevice,
  heard: (frame: HubFrame) => void,
  boot = 'b',
): Promise<WebSocket> {
  for (;;) {
    const opened = await tryToOpen(url, device, heard, boot);
    if (typeof opened !== 'number') return opened;
    await sleep(opened * 1_000);
  }
}

/** @returns the connection, or after how many seconds to come again */
function tryToOpen(
  url: string,
  { id, secret }: LoadDevice,
  heard: (frame: HubFrame) => void,
  boot: string,
): Promise<WebSocket | number> {
  return new Promise((resolve, reject) => {
    const authorization = `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
    const ws = new WebSocket(url, ['hub.v1.json'], { headers: { authorization }, perMessageDeflate: false });
    ws.on('error', reject);
    ws.on('unexpected-response', (_request, response) => {
      const retryAfterSec = Number(response.headers['retry-after']);
      if (response.statusCode === 503 && retryAfterSec > 0) resolve(retryAfterSec);
      else reject(new Error(`the upgrade was answered with ${response.statusCode}`));
    });
    ws.on('open', () => ws.send(`{"type":"hello","boot":"${boot}","deviceType":"env-sensor@1","t1":1000}`));
    ws.on('message', (data: Buffer) => {
      const frame = JSON.parse(data.toString()) as HubFrame;
      if (frame.type === 'welcome') resolve(ws);
      else heard(frame);
    });
  });
}

/** A reading of that device type. @param seq of the frame */
export function readingFrame(seq: number): string {
  const temperature = 20 + (seq % 50) / 10;
  return `{"type":"telemetry","seq":${seq},"stream":"env","ts":${Date.now()},"data":{"temperature":${temperature},"humidity":45.5,"battery":3.71,"rssi":-61}}`;
}
