import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test, type TestContext } from 'node:test';
import { HubError } from '../../../hub/kernel/errors.ts';
import type { NewRollout, RolloutView } from '../../../schemas/api/firmware/rollouts.ts';
import type { OfferedUpdate } from '../../../schemas/index.ts';
import { openRaw, type RawDevice } from '../../helpers/devices/raw-device.ts';
import { addFirmware, sha256Of } from '../../helpers/firmware/add-firmware.ts';
import { startInProcessHub, type InProcessHub } from '../../helpers/hubs/in-process-hub.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const bytes = randomBytes(300_000);

async function open(
  t: TestContext,
  hub: InProcessHub,
  id: string,
  boot: string,
  firmware: string,
): Promise<Awaited<ReturnType<typeof openRaw>>> {
  const device = await openRaw(hub.device(id), { boot, firmware });
  t.after(() => device.close());
  return device;
}

function begin(hub: InProcessHub, request: Partial<NewRollout> = {}): Promise<unknown> {
  const body = { id: 'r-1', type: 'env-sensor', version: '2.0.0', to: 'all', soakSec: 1, ...request };
  return hub.ask('POST /api/v1/rollouts', { body });
}

const show = (hub: InProcessHub): Promise<RolloutView> =>
  hub.ask('GET /api/v1/rollouts/{id}', { params: { id: 'r-1' } });

async function reason(hub: InProcessHub, device: string): Promise<(string | undefined)[]> {
  const { devices } = await hub.ask('GET /api/v1/rollouts/{id}/devices', {
    params: { id: 'r-1' },
    query: {},
  });
  const found = devices.find((each) => each.device === device);
  return [found?.state, found?.reason];
}

/** A download as a device does it. */
function download(
  hub: InProcessHub,
  id: string,
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
): Promise<Response> {
  const { url, secret } = hub.device(id);
  const authorization = `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
  return fetch(new URL(path, url.replace('ws', 'http')), { method, headers: { authorization, ...headers } });
}

const offer = async (device: RawDevice): Promise<OfferedUpdate> =>
  (await device.next('update', (frame) => 'version' in frame)) as OfferedUpdate;

test('a device is told, downloads, reboots into the version, stays well, and has succeeded', async (t) => {
  const hub = await startInProcessHub(t);
  await addFirmware(hub, bytes);
  await hub.add(['d-1']);
  const device = await open(t, hub, 'd-1', 'b-1', '1.0.0');
  await begin(hub);
  const update = await offer(device);
  assert.deepEqual([update.version, update.sha256, update.size], ['2.0.0', sha256Of(bytes), 300_000]);
  device.send({ type: 'update-status', re: 'r-1', state: 'downloading', percent: 5 });
  await device.next('ack', (frame) => 're' in frame && frame.re === 'r-1');
  const whole = await download(hub, 'd-1', update.url);
  assert.equal(whole.status, 200);
  assert.equal(sha256Of(new Uint8Array(await whole.arrayBuffer())), update.sha256);
  device.send({ type: 'update-status', re: 'r-1', state: 'applying' });
  await waitFor(async () => (await reason(hub, 'd-1'))[0] === 'applying', { what: 'it applies' });
  device.close();
  const updated = await open(t, hub, 'd-1', 'b-2', '2.0.0');
  assert.equal(updated.welcome.update, undefined);
  await waitFor(async () => (await show(hub)).status === 'finished', { what: 'the end' });
  assert.deepEqual(await reason(hub, 'd-1'), ['succeeded', undefined]);
  assert.equal((await download(hub, 'd-1', update.url)).status, 404, 'it needs the file no more');
  const { events } = await hub.ask('GET /api/v1/devices/{id}', { params: { id: 'd-1' } }).then(async () => ({
    events: await hub.ask('GET /api/v1/devices/{id}/why', { params: { id: 'd-1' } }),
  }));
  assert.match(
    JSON.stringify(events),
    /"kind":"update","rollout":"r-1","version":"2.0.0","state":"succeeded"/,
  );
  const { entries } = await hub.ask('GET /api/v1/audit', { query: { limit: 100 } });
  assert.ok(entries.some(({ action }) => action === 'rollout.start'));
  assert.ok(entries.some(({ action }) => action === 'firmware.add'));
});

test('the file comes in parts, only to the device that is to run it, and not beyond its end', async (t) => {
  const hub = await startInProcessHub(t);
  await addFirmware(hub, bytes);
  await hub.add(['d-1', 'd-2']);
  const device = await open(t, hub, 'd-1', 'b-1', '1.0.0');
  const path = `/v1/artifacts/${sha256Of(bytes)}`;
  assert.equal((await download(hub, 'd-1', path)).status, 404, 'not before it is offered');
  await begin(hub, { to: 'd-1' });
  await offer(device);
  const range = await download(hub, 'd-1', path, { range: 'bytes=100-199' });
  assert.deepEqual([range.status, range.headers.get('content-range')], [206, 'bytes 100-199/300000']);
  assert.deepEqual(new Uint8Array(await range.arrayBuffer()), new Uint8Array(bytes.subarray(100, 200)));
  const rest = await download(hub, 'd-1', path, {
    range: 'bytes=299990-',
    'if-range': `"${sha256Of(bytes)}"`,
  });
  assert.equal((await rest.arrayBuffer()).byteLength, 10);
  const other = await download(hub, 'd-1', path, { range: 'bytes=299990-', 'if-range': '"another"' });
  assert.deepEqual([other.status, (await other.arrayBuffer()).byteLength], [200, 300_000]);
  const beyond = await download(hub, 'd-1', path, { range: 'bytes=300000-' });
  assert.deepEqual([beyond.status, beyond.headers.get('content-range')], [416, 'bytes */300000']);
  const head = await download(hub, 'd-1', path, {}, 'HEAD');
  assert.deepEqual([head.status, head.headers.get('content-length')], [200, '300000']);
  const same = await download(hub, 'd-1', path, { 'if-none-match': `"${sha256Of(bytes)}"` });
  assert.equal(same.status, 304);
  assert.equal((await download(hub, 'd-2', path)).status, 404, 'a device that is not to run it');
  assert.equal((await download(hub, 'd-1', `/v1/artifacts/${'0'.repeat(64)}`)).status, 404);
  assert.equal((await download(hub, 'd-1', path, { authorization: 'Basic ZC0xOnNlY3JldA==' })).status, 401);
  assert.equal((await download(hub, 'd-1', path, {}, 'POST')).status, 405);
});

test('devices beyond the slots are asked to come back, and all of many get their file', async (t) => {
  const hub = await startInProcessHub(t, { HUB_ARTIFACT_DOWNLOADS: '2' });
  await addFirmware(hub, randomBytes(4_000_000), { version: '3.0.0' });
  const ids = Array.from({ length: 12 }, (_, index) => `d-${index}`);
  await hub.add(ids);
  const devices = await Promise.all(ids.map((id) => open(t, hub, id, 'b-1', '1.0.0')));
  await begin(hub, { version: '3.0.0', waves: ['100%'] });
  const [update] = await Promise.all(devices.map(offer));
  assert.ok(update);
  // Those that do not read hold the slots.
  const held = await Promise.all(['d-0', 'd-1'].map((id) => download(hub, id, update.url)));
  assert.deepEqual(
    held.map(({ status }) => status),
    [200, 200],
  );
  const late = await download(hub, 'd-2', update.url);
  assert.equal(late.status, 503);
  assert.ok(Number(late.headers.get('retry-after')) >= 5);
  // A newer request of a device takes the place of its older one.
  const again = await download(hub, 'd-0', update.url, { range: 'bytes=0-9' });
  assert.equal(again.status, 206);
  await again.arrayBuffer();
  await assert.rejects(held[0]?.arrayBuffer() ?? Promise.resolve());
  await held[1]?.arrayBuffer();
  for (const id of ids) {
    let whole: Response | undefined;
    await waitFor(
      async () => {
        whole = await download(hub, id, update.url);
        if (whole.status === 200) return true;
        await whole.arrayBuffer();
        return false;
      },
      { what: `${id} has a slot` },
    );
    assert.equal(sha256Of(new Uint8Array((await whole?.arrayBuffer()) ?? [])), update.sha256);
  }
});

test('a device that claims success with the old version, or in the old boot, has not succeeded', async (t) => {
  const hub = await startInProcessHub(t);
  await addFirmware(hub, bytes);
  await hub.add(['d-1', 'd-2']);
  const [first, second] = [
    await open(t, hub, 'd-1', 'b-1', '1.0.0'),
    await open(t, hub, 'd-2', 'b-1', '1.0.0'),
  ];
  await begin(hub, { waves: ['100%'], maxFailures: 5, deadlineSec: 10 });
  for (const device of [first, second]) {
    await offer(device);
    for (const state of ['applying', 'succeeded']) device.send({ type: 'update-status', re: 'r-1', state });
    await device.next('ack', (frame) => 're' in frame);
  }
  await waitFor(async () => (await show(hub)).states.applying === 2, { what: 'both apply' });
  first.close();
  await open(t, hub, 'd-1', 'b-2', '1.0.0');
  second.close();
  const liar = await open(t, hub, 'd-2', 'b-1', '2.0.0');
  assert.equal(liar.welcome.update?.version, '2.0.0', 'it is asked for again');
  await waitFor(async () => (await reason(hub, 'd-1'))[0] === 'rolled-back', { what: 'one has rolled back' });
  assert.deepEqual(await reason(hub, 'd-2'), ['applying', undefined]);
});

test('a firmware of a rollout is not removed, and a cancelled rollout takes the offer back', async (t) => {
  const hub = await startInProcessHub(t);
  await addFirmware(hub, bytes);
  await hub.add(['d-1', 'd-2']);
  await hub.add(['v-1'], 'traffic-detector@1');
  const device = await open(t, hub, 'd-1', 'b-1', '1.0.0');
  const body = { type: 'env-sensor', version: '2.0.0', to: 'all', dryRun: true };
  const preview = await hub.ask('POST /api/v1/rollouts', { body });
  assert.deepEqual(
    'devices' in preview && preview.devices.map(({ device: id, state, reason: why }) => [id, state, why]),
    [
      ['d-1', 'pending', undefined],
      ['d-2', 'pending', undefined],
      ['v-1', 'skipped', 'other-type'],
    ],
  );
  const { entries } = await hub.ask('GET /api/v1/audit', { query: { action: 'rollout' } });
  assert.deepEqual(entries, [], 'a preview began nothing');
  await begin(hub);
  await offer(device);
  const params = { type: 'env-sensor', version: '2.0.0' };
  await assert.rejects(
    hub.ask('DELETE /api/v1/firmware/{type}/{version}', { params }),
    (error) =>
      error instanceof HubError && error.code === 'firmware-in-use' && /rollout r-1/.test(error.message),
  );
  await hub.restart();
  const back = await open(t, hub, 'd-1', 'b-1', '1.0.0');
  assert.equal(back.welcome.update?.id, 'r-1', 'a restart forgets no offer');
  await hub.ask('POST /api/v1/rollouts/{id}/cancel', { params: { id: 'r-1' } });
  await back.next('update', (frame) => 'cancelled' in frame);
  await waitFor(async () => (await show(hub)).states.cancelled === 2, { what: 'both are cancelled' });
  await hub.ask('DELETE /api/v1/firmware/{type}/{version}', { params });
  const { rollouts } = await hub.ask('GET /api/v1/rollouts', { query: {} });
  assert.deepEqual(
    rollouts.map(({ id, status }) => [id, status]),
    [['r-1', 'cancelled']],
  );
});
