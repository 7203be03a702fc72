import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';

export const webhookSecret = 'a long text that both know';

interface Posted {
  id: string;
  /** Of the alarm. */
  state?: string;
  device?: string | null;
  test?: true;
  signed: boolean;
  /** What it was answered. */
  status: number;
}

/** Another program that answers as it is told, and keeps what it was posted. */
export async function startReceiver(t: TestContext) {
  const got: Posted[] = [];
  const answer = { status: 204, location: '' };
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const signature = createHmac('sha256', webhookSecret).update(body).digest('hex');
      const {
        id,
        alarm,
        test: isTest,
      } = JSON.parse(body) as { id: string; alarm?: { state: string; device: string | null }; test?: true };
      got.push({
        id,
        ...(alarm === undefined ? {} : { state: alarm.state, device: alarm.device }),
        ...(isTest === undefined ? {} : { test: isTest }),
        signed: request.headers['x-hub-signature-256'] === `sha256=${signature}`,
        status: answer.status,
      });
      response.writeHead(answer.status, answer.location === '' ? {} : { location: answer.location }).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, got, answer };
}
