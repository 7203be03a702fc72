import assert from 'node:assert/strict';
import type { ApiClient } from './api-client.ts';
import { done, refused } from './outcome.ts';
import type { Scene, SceneDevice } from './scene.ts';

const hourMs = 3_600_000;

export interface Fleet {
  readonly secrets: ReadonlyMap<string, string>;
  readonly online: SceneDevice;
}

/** Registers `d-1` to `d-4`, of which the first connects. */
export async function addFleet(client: ApiClient, scene: Scene): Promise<Fleet> {
  const body = { ids: ['d-1', 'd-2', 'd-3', 'd-4'], type: 'env-sensor@1', site: 'hall-3' };
  const { devices } = await done(client.POST('/api/v1/devices', { body }), 201);
  await refused(client.POST('/api/v1/devices', { body }), 409);
  const secrets = new Map(devices.map(({ id, secret }) => [id, secret]));
  return { secrets, online: await scene.connect('d-1', secrets.get('d-1') ?? '') };
}

export async function callDevices(client: ApiClient): Promise<void> {
  const params = { path: { id: 'd-1' } };
  const labels = { set: { floor: '2' }, remove: ['old'] };
  const labelled = await done(client.PATCH('/api/v1/devices/{id}/labels', { params, body: labels }));
  assert.deepEqual(labelled.labels, { floor: '2' });
  const query = { site: 'hall-3', state: 'online' as const, label: ['floor=2'], limit: 10 };
  const { devices } = await done(client.GET('/api/v1/devices', { params: { query } }));
  assert.deepEqual(
    devices.map(({ id }) => id),
    ['d-1'],
  );
  assert.equal((await done(client.GET('/api/v1/devices/{id}', { params }))).id, 'd-1');
  await done(client.GET('/api/v1/devices/{id}/why', { params }));
  await done(
    client.GET('/api/v1/devices/{id}/events', { params: { ...params, query: { toMs: Date.now() } } }),
  );
  await done(client.GET('/api/v1/devices/{id}/logs', { params: { ...params, query: { toMs: Date.now() } } }));
  await done(client.GET('/api/v1/devices/{id}/why', { params: { path: { id: 'd-2' } } }));
  const { types } = await done(client.GET('/api/v1/device-types'));
  for (const { id } of types)
    await done(client.GET('/api/v1/device-types/{id}', { params: { path: { id } } }));
  await callTypes(client);
}

/** Another version of the type of `d-1`. */
async function callTypes(client: ApiClient): Promise<void> {
  const path = '/api/v1/device-types/{id}';
  const given = await done(client.GET(path, { params: { path: { id: 'env-sensor@1' } } }));
  const { id: _, ...definition } = { ...given, version: 2 };
  const { faults, replaces } = await done(client.POST('/api/v1/device-types/check', { body: definition }));
  assert.deepEqual([faults, replaces], [[], false]);
  const params = { path: { id: 'env-sensor@2' } };
  await refused(client.PUT(path, { params, body: { ...definition, version: 0 } }), 400);
  assert.equal((await done(client.PUT(path, { params, body: definition }))).id, 'env-sensor@2');
}

/** What `d-1` should hold. */
export async function callTwins(client: ApiClient): Promise<void> {
  const params = { path: { id: 'd-1' } };
  const { rev } = await done(client.GET('/api/v1/devices/{id}/twin', { params }));
  assert.equal(rev, 0);
  const path = '/api/v1/devices/{id}/twin/desired';
  const changed = await done(client.PATCH(path, { params, body: { intervalSec: 30 } }));
  assert.deepEqual([changed.rev, changed.desired], [1, { intervalSec: 30 }]);
  const stale = { ...params, header: { 'if-match': '"0"' } };
  await refused(client.PATCH(path, { params: stale, body: { intervalSec: 40 } }), 412);
  await refused(client.PATCH(path, { params, body: { intervalSec: 0 } }), 422);
  const { changes } = await done(client.GET('/api/v1/devices/{id}/twin/history', { params }));
  assert.deepEqual(
    changes.map(({ patch }) => patch),
    [{ intervalSec: 30 }],
  );
  const query = { type: 'env-sensor', state: 'pending' as const };
  const { twins } = await done(client.GET('/api/v1/twins', { params: { query } }));
  assert.deepEqual(
    twins.map(({ device }) => device),
    ['d-1'],
  );
  const patchAll = { to: 'site=hall-3', patch: { intervalSec: 30 } };
  const preview = await done(
    client.POST('/api/v1/group-twins', { body: { ...patchAll, dryRun: true } }),
    200,
  );
  assert.equal(preview.devices.length, 4);
  const body = { ...patchAll, id: 't-1', wave: 1 };
  await done(client.POST('/api/v1/group-twins', { body }), 202);
  await done(client.POST('/api/v1/group-twins', { body }), 200);
  await refused(client.POST('/api/v1/group-twins', { body: { to: 'site=none', patch: {} } }), 400);
  const { groupTwins } = await done(client.GET('/api/v1/group-twins', {}));
  assert.equal(groupTwins[0]?.id, 't-1');
  const ofGroup = { params: { path: { id: 't-1' } } };
  await done(client.GET('/api/v1/group-twins/{id}', ofGroup));
  const cancelled = await done(client.POST('/api/v1/group-twins/{id}/cancel', ofGroup));
  assert.equal(cancelled.final, true);
}

/** What `d-1` has sent, once it is stored. */
export async function callReadings(client: ApiClient, scene: Scene, { online }: Fleet): Promise<void> {
  const path = { id: 'd-1' };
  await online.send('env', { temperature: 20.5, rssi: -70 });
  await online.send('env', { temperature: 900 });
  await scene.until('the reading is stored', async () => {
    const ledger = await done(client.GET('/api/v1/ledger', { params: { query: { device: 'd-1' } } }));
    return ledger.accounts[0]?.stored === 1;
  });
  const range = { fromMs: Date.now() - hourMs, toMs: Date.now() + hourMs };
  const ofStream = { path: { id: 'd-1', stream: 'env' }, query: range };
  const { readings } = await done(client.GET('/api/v1/devices/{id}/readings/{stream}', { params: ofStream }));
  assert.deepEqual(
    readings.map(({ fields }) => fields['temperature']),
    [20.5],
  );
  const series = await done(client.GET('/api/v1/devices/{id}/series/{stream}', { params: ofStream }));
  assert.equal(series.times.length, 1);
  const bySite = { params: { query: { by: 'site' as const } } };
  assert.ok((await done(client.GET('/api/v1/device-counts', bySite))).groups.length > 0);
  const newest = { params: { query: { fields: 'temperature' } } };
  assert.ok((await done(client.GET('/api/v1/newest-values', newest))).fields.includes('temperature'));
  const { streams } = await done(client.GET('/api/v1/devices/{id}/last', { params: { path } }));
  assert.equal(streams['env']?.fields['temperature'], 20.5);
  await scene.until('its presence is stored', async () => {
    const params = { path, query: range };
    const { changes } = await done(client.GET('/api/v1/devices/{id}/presence', { params }));
    return changes.some(({ state }) => state === 'online');
  });
  const { nacks } = await done(client.GET('/api/v1/devices/{id}/nacks', { params: { path } }));
  assert.equal(nacks[0]?.field, '/temperature');
  const { frames } = await done(client.GET('/api/v1/devices/{id}/frames', { params: { path } }));
  assert.ok(frames.some((frame) => frame.nacks?.[0]?.code === 'schema'));
  const { rejects } = await done(client.GET('/api/v1/rejects'));
  assert.equal(rejects[0]?.rule, 'maximum');
}

export async function callHub(client: ApiClient): Promise<void> {
  assert.equal((await done(client.GET('/api/v1/hub'))).sessions, 1);
  assert.equal((await done(client.GET('/api/v1/cluster'))).shared, false);
  const { samples } = await done(client.GET('/api/v1/hub/fleet-course'));
  assert.ok(Array.isArray(samples));
  const { settings } = await done(client.GET('/api/v1/hub/config'));
  assert.ok(settings.some(({ name, from }) => name === 'dataDir' && from === 'environment'));
  await done(client.POST('/api/v1/hub/clock/accept'));
  assert.equal((await done(client.GET('/livez'))).live, true);
  assert.equal((await done(client.GET('/readyz'))).state, 'ready');
  assert.match(await done(client.GET('/metrics', { parseAs: 'text' })), /^# HELP /);
  assert.equal((await done(client.GET('/api/v1/openapi.json')))['openapi'], '3.1.0');
  assert.equal((await done(client.GET('/api/v1/asyncapi.json')))['asyncapi'], '3.1.0');
}

/** Alarms, of which there need not be one. */
export async function callAlarms(client: ApiClient): Promise<void> {
  const query = { kind: 'limit' as const, device: 'd-1' };
  const { alarms, next } = await done(client.GET('/api/v1/alarms', { params: { query } }));
  assert.deepEqual([alarms, next], [[], null]);
  const body = { alarms: [{ device: 'd-1', source: 'limit.env.temperature.high' }], note: 'on the way' };
  assert.equal((await done(client.POST('/api/v1/alarms/acknowledge', { body }))).unknown, 1);
  const silence = { to: 'site=hall-3', untilMs: Date.now() + hourMs, reason: 'works' };
  const { id } = await done(client.POST('/api/v1/silences', { body: silence }), 201);
  assert.deepEqual(
    (await done(client.GET('/api/v1/silences'))).silences.map((one) => one.id),
    [id],
  );
  const params = { path: { id } };
  await done(client.DELETE('/api/v1/silences/{id}', { params }), 204);
  await refused(client.DELETE('/api/v1/silences/{id}', { params }), 404);
  await refused(client.POST('/api/v1/silences', { body: { ...silence, untilMs: 1 } }), 400);
  const webhook = { name: 'pager', url: 'http://169.254.169.254/', secret: 'a long text that both know' };
  await done(client.POST('/api/v1/webhooks', { body: webhook }), 201);
  await refused(client.POST('/api/v1/webhooks', { body: webhook }), 409);
  assert.equal((await done(client.GET('/api/v1/webhooks'))).webhooks.length, 1);
  const ofWebhook = { params: { path: { name: 'pager' } } };
  assert.equal((await done(client.POST('/api/v1/webhooks/{name}/test', ofWebhook))).delivered, false);
  assert.deepEqual((await done(client.GET('/api/v1/webhooks/{name}/dead', ofWebhook))).deliveries, []);
  const all = { ...ofWebhook, body: { all: true } } as const;
  assert.equal((await done(client.POST('/api/v1/webhooks/{name}/dead/retry', all))).count, 0);
  assert.equal((await done(client.POST('/api/v1/webhooks/{name}/dead/purge', all))).count, 0);
  await done(client.DELETE('/api/v1/webhooks/{name}', ofWebhook), 204);
  await refused(client.DELETE('/api/v1/webhooks/{name}', ofWebhook), 404);
}

/** The last of a device: a removal, and what it leaves. */
export async function callRemoval(client: ApiClient): Promise<void> {
  const params = { path: { id: 'd-2' } };
  await done(client.DELETE('/api/v1/devices/{id}', { params }), 204);
  await refused(client.DELETE('/api/v1/devices/{id}', { params }), 404);
}
