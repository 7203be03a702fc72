import assert from 'node:assert/strict';
import { request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { startAdmin, type Admin, type AdminDeps } from '../../../hub/adapters/http/admin-server.ts';
import { serveDevices } from '../../../hub/adapters/http/routes/device-routes.ts';
import { serveReadings, type ReadingOperations } from '../../../hub/adapters/http/routes/reading-routes.ts';
import { serveSpool } from '../../../hub/adapters/http/routes/spool-routes.ts';
import { readConfig } from '../../../hub/config/config.ts';
import type { DeviceReadingsQuery } from '../../../hub/telemetry/history/readings.ts';
import { HubError } from '../../../hub/kernel/errors.ts';
import { createLog } from '../../../hub/kernel/log.ts';
import { Metrics } from '../../../hub/kernel/metrics.ts';
import { openOfflineOperations } from '../../../hub/offline.ts';
import { temporaryFolder } from '../services/guard.ts';

export const log = createLog({ level: 'silent' });

export const anyPort = { host: '127.0.0.1', port: 0 };

interface Served {
  admin: Admin;
  socketPath: string;
  dataDir: string;
  queries: DeviceReadingsQuery[];
}

/** For tests of the listeners alone. */
const unused = (): Promise<never> => Promise.reject(new Error('not asked for in this test'));

/** The real device operations on real files behind a real server. */
export async function serveAdmin(t: TestContext, overrides: Partial<AdminDeps> = {}): Promise<Served> {
  const folder = temporaryFolder('http');
  t.after(() => folder.remove());
  const dataDir = folder.path;
  const { config } = readConfig({
    env: { HUB_DATA_DIR: dataDir },
    cwd: dataDir,
    isCron: () => true,
    readFile: () => '',
  });
  const devices = await openOfflineOperations(config, { create: true });
  t.after(() => devices.close());
  const queries: DeviceReadingsQuery[] = [];
  const readings: ReadingOperations = {
    readings: (query) => {
      queries.push(query);
      return Promise.resolve([{ timeMs: 1_767_225_600_000.25, fields: { temperature: 21.5 } }]);
    },
    lastValues: unused,
    newestValues: () => ({ fields: [], devices: {} }),
    series: unused,
    sentEvents: unused,
    logs: unused,
  };
  const metrics = new Metrics();
  metrics.counter('hub_frames_total', 'Frames received', () => 7);
  const socketPath = join(dataDir, 'hub.sock');
  const admin = await startAdmin(
    {
      serveApi(app) {
        serveDevices(app, { ...devices, why: unused });
        serveReadings(app, readings);
        serveSpool(app, devices);
      },
      readiness: () => Promise.resolve({ ready: true, parts: { store: { ok: true } } }),
      metrics: () => metrics.page(),
      log,
      ...overrides,
    },
    { listen: anyPort, socketPath },
  );
  t.after(() => admin.close());
  return { admin, socketPath, dataDir, queries };
}

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: unknown;
}

/** One request over the socket, as curl would make it. */
export function ask(
  socketPath: string,
  method: string,
  path: string,
  body?: string | Buffer,
  type = 'application/json',
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'content-type': type };
    const outgoing = request({ socketPath, method, path, headers, agent: false }, (response) => {
      text(response).then(
        (received) =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: received === '' ? undefined : JSON.parse(received),
          }),
        reject,
      );
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

export async function getJson(url: string): Promise<{ status: number; body: unknown }> {
  const response = await fetch(url);
  return { status: response.status, body: await response.json() };
}

export async function faultOf(promise: Promise<unknown>): Promise<HubError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof HubError, `expected a HubError, got ${String(error)}`);
  return error;
}

export const deps: AdminDeps = {
  serveApi() {},
  readiness: unused,
  metrics: unused,
  log,
};

export const newDevice = (ids: unknown, more: object = {}): string =>
  JSON.stringify({ ids, type: 'env-sensor@1', site: 'default', ...more });
