import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { openInflux, type InfluxOptions, type InfluxStore } from '../../../hub/adapters/influx/influx.ts';
import { HubError } from '../../../hub/kernel/errors.ts';
import type { ReadingsQuery } from '../../../hub/telemetry/store.ts';
import { ManualClock } from '../clock.ts';
import { startInflux, type InfluxServer } from '../services/influxd.ts';

export const lines = ['m,device=d v=1 1700000000000000'];

export const query: ReadingsQuery = {
  measurement: 'm',
  device: 'd',
  fromMs: 0,
  toMs: 2e12,
  limit: 5,
  take: 'first',
};

export const unavailable = (error: unknown): boolean =>
  error instanceof HubError && error.code === 'store-unavailable';

export async function influxd(
  t: TestContext,
  http: Record<string, string | number | boolean> = {},
): Promise<InfluxServer> {
  const server = await startInflux({ http });
  t.after(() => server.close());
  return server;
}

export function storeAt(
  t: TestContext,
  url: string,
  options: Partial<InfluxOptions> = {},
  clock = new ManualClock(),
): InfluxStore {
  const store = openInflux({ url, database: 'hub', timeoutMs: 2_000, ...options }, clock);
  t.after(() => store.close());
  return store;
}

/** A server for the answers that the real one gives only in bad times. */
export async function answering(
  t: TestContext,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => answer(request, response));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
