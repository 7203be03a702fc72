import assert from 'node:assert/strict';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { makeDevice, RamMemory } from '../../../sdk/typescript/src/node.ts';
import type { JsonObject } from '../../../schemas/twin/merge-patch.ts';
import type { TwinView } from '../../../schemas/api/twins/twins.ts';
import { openRaw } from '../../helpers/devices/raw-device.ts';
import { withToken } from '../../helpers/hubs/operators.ts';
import { startInProcessHub, type InProcessHub } from '../../helpers/hubs/in-process-hub.ts';
import { temporaryFolder } from '../../helpers/services/guard.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const params = { id: 'd-1' };

function twinOf(hub: InProcessHub): Promise<TwinView> {
  return hub.ask('GET /api/v1/devices/{id}/twin', { params });
}

function set(hub: InProcessHub, body: JsonObject): Promise<TwinView> {
  return hub.ask('PATCH /api/v1/devices/{id}/twin/desired', { params, body });
}

function stands(hub: InProcessHub, state: TwinView['state']): Promise<unknown> {
  return waitFor(async () => (await twinOf(hub)).state === state, { what: `the twin is ${state}` });
}

/** A device with a flash of its own, which a reset empties. */
class Sensor {
  readonly #t: TestContext;
  readonly #hub: InProcessHub;
  flash = new RamMemory();
  state: JsonObject = {};
  #client: ReturnType<typeof makeDevice> | undefined;

  constructor(t: TestContext, hub: InProcessHub) {
    this.#t = t;
    this.#hub = hub;
  }

  start(): void {
    const client = makeDevice({ ...this.#hub.device('d-1'), type: 'env-sensor@1', memory: this.flash });
    this.#t.after(() => client.close());
    client.onDesired((state) => {
      this.state = { intervalSec: 10, ...state, serial: 'A-17' };
      client.reported(this.state);
      return [];
    });
    client.reported({ intervalSec: 10, ...this.kept?.state, serial: 'A-17' });
    client.wake();
    this.#client = client;
  }

  /** What it holds by its flash. */
  get kept(): { rev: number; state: JsonObject } | undefined {
    const twin = this.flash.load('twin');
    return twin === undefined ? undefined : (JSON.parse(twin) as { rev: number; state: JsonObject });
  }

  async stop(): Promise<void> {
    await this.#client?.close();
  }
}

test('a device that was asleep, replaced or reset comes to its desired state by itself', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-1']);
  await set(hub, { intervalSec: 30 });
  assert.equal((await twinOf(hub)).state, 'waiting');

  const sensor = new Sensor(t, hub);
  sensor.start();
  await stands(hub, 'in-sync');
  assert.deepEqual(sensor.state, { intervalSec: 30, serial: 'A-17' });
  assert.deepEqual((await twinOf(hub)).reported, sensor.state);

  await sensor.stop();
  await set(hub, { alias: 'boiler' });
  await set(hub, { intervalSec: 60 });
  await stands(hub, 'waiting');
  sensor.start();
  await stands(hub, 'in-sync');
  assert.deepEqual(
    sensor.kept,
    { rev: 3, state: { intervalSec: 60, alias: 'boiler' } },
    'asleep: the newest alone',
  );

  await sensor.stop();
  sensor.flash = new RamMemory();
  sensor.state = {};
  sensor.start();
  await waitFor(() => sensor.kept?.rev === 3, { what: 'the replaced device holds the newest' });
  await stands(hub, 'in-sync');

  await hub.restart();
  await stands(hub, 'in-sync');
  // The hub has another port now.
  await sensor.stop();
  sensor.start();
  await set(hub, { alias: null });
  await stands(hub, 'in-sync');
  assert.deepEqual(sensor.kept, { rev: 4, state: { intervalSec: 60 } });
});

test('a change is refused with the place when its schema does not take it, and when another was faster', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-1']);
  const { headers } = await withToken(hub, 'ops', { role: 'operator', safety: 'config' });
  const url = `${hub.hub.adminUrl}/api/v1/devices/d-1/twin`;
  const patch = (body: object, ifMatch?: string): Promise<Response> =>
    fetch(`${url}/desired`, {
      method: 'PATCH',
      headers: {
        ...headers,
        'content-type': 'application/json',
        ...(ifMatch ? { 'if-match': ifMatch } : {}),
      },
      body: JSON.stringify(body),
    });
  const first = await patch({ intervalSec: 30 }, '"0"');
  assert.deepEqual([first.status, first.headers.get('etag')], [200, '"1"']);
  const read = await fetch(url, { headers });
  assert.equal(read.headers.get('etag'), '"1"');
  for (const tag of ['"0"', 'W/"1"', '1', '"x"'])
    assert.equal((await patch({ intervalSec: 31 }, tag)).status, 412, tag);
  for (const tag of ['*', '"0", "1"']) assert.equal((await patch({ intervalSec: 30 }, tag)).status, 200, tag);
  const invalid = await patch({ intervalSec: 0 });
  const { error } = (await invalid.json()) as {
    error: { code: string; details: { errors: { path: string }[] } };
  };
  assert.deepEqual(
    [invalid.status, error.code, error.details.errors[0]?.path],
    [422, 'desired-invalid', '/intervalSec'],
  );
  const bulky = await patch({ alias: 'x'.repeat(20_000) });
  assert.equal(bulky.status, 422);
  assert.deepEqual((await twinOf(hub)).desired, { intervalSec: 30 });
  const { entries } = await hub.ask('GET /api/v1/audit', { query: { action: 'twin.set' } });
  assert.deepEqual(
    entries.filter(({ outcome }) => outcome === 'done').map(({ actor, subject }) => [actor, subject]),
    [['token:ops', 'd-1']],
  );
  assert.ok(entries.some(({ outcome }) => outcome === 'refused'));
  const { headers: observer } = await withToken(hub, 'observer', { role: 'operator', safety: 'observe' });
  const forbidden = await fetch(`${url}/desired`, {
    method: 'PATCH',
    headers: { ...observer, 'content-type': 'application/json' },
    body: '{}',
  });
  assert.equal(forbidden.status, 403);
});

test('what a new version of the type does not take leaves desired, with an entry in the history and the audit', async (t) => {
  const folder = temporaryFolder('twin-types');
  t.after(() => folder.remove());
  const shipped = new URL('../../../schemas/device-types/env-sensor@1.json', import.meta.url);
  await copyFile(shipped, join(folder.path, 'env-sensor@1.json'));
  const hub = await startInProcessHub(t, { HUB_SCHEMAS_DIR: folder.path });
  await hub.add(['d-1']);
  await set(hub, { intervalSec: 30, alias: 'boiler' });
  const device = await openRaw(hub.device('d-1'));
  t.after(() => device.close());
  const type = JSON.parse(await readFile(shipped, 'utf8')) as {
    twin: { desired: { properties: Record<string, unknown> } };
  };
  delete type.twin.desired.properties['alias'];
  await writeFile(join(folder.path, 'env-sensor@1.json'), JSON.stringify(type));
  const frame = await device.next('desired');
  assert.deepEqual(frame, { type: 'desired', rev: 2, state: { intervalSec: 30 } });
  const { changes } = await hub.ask('GET /api/v1/devices/{id}/twin/history', { params, query: {} });
  assert.deepEqual(
    changes.map(({ actor, dropped }) => [actor, dropped]),
    [
      ['hub', ['/alias']],
      ['local', undefined],
    ],
  );
  const { entries } = await hub.ask('GET /api/v1/audit', { query: { action: 'twin.fit' } });
  assert.deepEqual(
    entries.map(({ subject, details }) => [subject, details]),
    [['d-1', { rev: 2, dropped: ['/alias'] }]],
  );
});

test('the last hundred changes are kept, and a device that is registered again counts on from its old revision', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-1']);
  for (let n = 1; n <= 105; n += 1) await set(hub, { intervalSec: n });
  const history = async () =>
    (await hub.ask('GET /api/v1/devices/{id}/twin/history', { params, query: {} })).changes;
  const revs = (await history()).map(({ rev }) => rev);
  assert.deepEqual([revs.length, revs[0], revs.at(-1)], [100, 105, 6]);
  await hub.ask('DELETE /api/v1/devices/{id}', { params });
  await hub.add(['d-1']);
  const fresh = await twinOf(hub);
  assert.deepEqual([fresh.rev, fresh.desired, await history()], [106, {}, []]);
  const device = await openRaw(hub.device('d-1'), { desiredRev: 105 });
  t.after(() => device.close());
  assert.deepEqual(device.welcome.desired, { rev: 106, state: {} }, 'what it held is no longer desired');
});
