import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { hashSecret } from '../../../hub/registry/credentials.ts';
import { createDeviceAdministration } from '../../../hub/admin/device-administration.ts';
import { claimOf, judgeClaim, type Proof } from '../../../hub/identity/principal.ts';
import { HubError } from '../../../hub/kernel/errors.ts';
import type { ErrorCode } from '../../../schemas/api/error-codes.ts';
import { catalog, startSessions } from '../../helpers/hubs/session-fixture.ts';
import { startMs } from '../../helpers/start-time.ts';

async function startAdministration(t: TestContext) {
  const hub = await startSessions(t);
  const devices = createDeviceAdministration({
    registry: hub.registry,
    catalog,
    clock: hub.clock,
    presence: (id) => hub.presence.get(id),
    session: (id) => hub.presence.session(id),
  });
  const judge = (id: string, secret: string) => judgeProof(basic(id, secret));
  const judgeProof = (proof: Proof) => {
    const claim = claimOf(proof, hub.clock.now());
    return judgeClaim(claim, hub.registry.get(claim.deviceId ?? ''), hub.clock.now()).kind;
  };
  return { ...hub, devices, judge, judgeProof };
}

function hubError(code: ErrorCode, details?: Record<string, unknown>): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof HubError, String(error));
    assert.equal(error.code, code);
    for (const [name, value] of Object.entries(details ?? {})) assert.deepEqual(error.details[name], value);
    return true;
  };
}

const basic = (id: string, secret: string) => ({
  authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
});

test('new devices get a secret each, shown once, that lets them in', async (t) => {
  const { devices, registry, presence, judge, judgeProof } = await startAdministration(t);
  const credentials = await devices.addDevices({ ids: ['n1', 'n2'], type: 'sensor@1', site: 'lab' });
  assert.deepEqual(
    credentials.map(({ id }) => id),
    ['n1', 'n2'],
  );
  for (const { id, secret } of credentials) {
    assert.equal(judge(id, secret), 'device');
    assert.equal(judge(id, `${secret}x`), 'denied');
    const record = registry.get(id);
    assert.equal(record?.credentials[0]?.material, hashSecret(secret));
    assert.ok(!JSON.stringify(record).includes(secret), 'the hub keeps the hash only');
    assert.equal(presence.get(id).state, 'never-seen');
  }
  assert.equal(judge('n1', credentials[1]?.secret ?? ''), 'denied');
  assert.equal(judge('unknown', 'x'), 'denied');
  assert.equal(judgeProof({}), 'denied');
});

test('a disabled device is told so only when its secret is right', async (t) => {
  const { registry, judge } = await startAdministration(t);
  const record = registry.get('d1');
  assert.ok(record);
  record.disabled = true;
  assert.equal(judge('d1', 'secret-d1'), 'disabled');
  assert.equal(judge('d1', 'wrong'), 'denied');
});

test('all are registered or none', async (t) => {
  const { devices, registry } = await startAdministration(t);
  const add = (ids: string[]) => devices.addDevices({ ids, type: 'sensor@1', site: 'lab' });
  await assert.rejects(add(['fresh', 'd1']), hubError('device-exists', { ids: ['d1'] }));
  await assert.rejects(add(['twice', 'twice']), hubError('device-exists', { ids: ['twice'] }));
  assert.equal(registry.get('fresh'), undefined);
  assert.equal(registry.get('twice'), undefined);
});

test('what is wrong with a request is named, and nothing is registered', async (t) => {
  const { devices, registry } = await startAdministration(t);
  const good = { ids: ['ok'], type: 'sensor@1', site: 'lab' };
  for (const id of ['', 'a b', 'a/b', 'ü', '../d1', 'x'.repeat(65), '#', 'a\n']) {
    const request = { ...good, ids: ['ok', id] };
    await assert.rejects(devices.addDevices(request), hubError('input-invalid', { name: 'id', got: id }));
  }
  await assert.rejects(devices.addDevices({ ...good, ids: [] }), hubError('input-invalid', { name: 'ids' }));
  const types = ['sensor@1', 'sensor@2', 'sensor@3'];
  for (const type of ['', 'sensor', 'sensor@9', '__proto__']) {
    const expected = hubError('input-invalid', { name: 'type', got: type, types });
    await assert.rejects(devices.addDevices({ ...good, type }), expected);
  }
  for (const site of ['', 'a,b', 'a b', 'a\\', 'x'.repeat(65)]) {
    const expected = hubError('input-invalid', { name: 'site', got: site });
    await assert.rejects(devices.addDevices({ ...good, site }), expected);
  }
  assert.equal(registry.get('ok'), undefined);
});

test('the list is ordered by id and shows the presence', async (t) => {
  const { devices, open } = await startAdministration(t);
  await devices.addDevices({ ids: ['a0'], type: 'sensor@2', site: 'roof' });
  await open('d2');
  const { devices: summaries } = await devices.listDevices({ limit: 10 });
  assert.deepEqual(
    summaries.map(({ id, type, site, presence }) => [id, type, site, presence]),
    [
      ['a0', 'sensor@2', 'roof', 'never-seen'],
      ['d1', 'sensor@1', 'lab', 'never-seen'],
      ['d2', 'sensor@1', 'lab', 'online'],
    ],
  );
});

test('devices are counted by what they have in common, those alone that the caller may see', async (t) => {
  const { devices, open } = await startAdministration(t);
  await devices.addDevices({ ids: ['a0'], type: 'sensor@2', site: 'roof', labels: { floor: '2' } });
  assert.deepEqual((await devices.showDevice('a0')).labels, { floor: '2' });
  await open('d2', { firmware: '2.1' });
  assert.deepEqual(await devices.countDevices('site'), [
    { value: 'lab', devices: 2, byState: { 'never-seen': 1, online: 1 } },
    { value: 'roof', devices: 1, byState: { 'never-seen': 1 } },
  ]);
  assert.deepEqual(await devices.countDevices('firmware', (id) => id !== 'a0'), [
    { value: '', devices: 1, byState: { 'never-seen': 1 } },
    { value: '2.1', devices: 1, byState: { online: 1 } },
  ]);
});

test('a device shows its epoch, its firmware, also when it is gone, and why its presence is what it is', async (t) => {
  const { devices, open } = await startAdministration(t);
  await open('d1', { firmware: '2.1' });
  const device = await open('d1', { firmware: '2.2', boot: 'b2' });
  const details = await devices.showDevice('d1');
  assert.deepEqual([details.epoch, details.firmware, details.reason], [2, '2.2', 'session-replaced']);
  assert.equal(details.sinceMs, startMs);
  assert.equal(details.firmwareHeardMs, undefined, 'it is current');
  assert.deepEqual([details.session?.open, details.session?.heartbeatSec], [true, 30]);
  device.session.closed(1006, '');
  const after = await devices.showDevice('d1');
  assert.deepEqual(
    [after.presence, after.firmware, after.firmwareHeardMs, after.session?.open],
    ['suspect', '2.2', startMs, false],
  );
  await assert.rejects(devices.showDevice('nobody'), hubError('device-unknown', { id: 'nobody' }));
});

test('removing ends every session with 4403 and what else is kept, and the credential is void', async (t) => {
  const { devices, judge, presence, removed, open, connect, clock } = await startAdministration(t);
  const device = await open('d1');
  const waiting = connect('d1');
  const other = await open('d2');
  await devices.removeDevice('d1');
  for (const { socket } of [device, waiting]) {
    assert.deepEqual(socket.closedWith, { code: 4403, reason: 'device-removed' });
  }
  assert.equal(other.socket.closedWith, undefined);
  assert.deepEqual(removed, ['d1']);
  assert.equal(judge('d1', 'secret-d1'), 'denied');
  await clock.advanceAsync(120_000);
  assert.deepEqual(
    [...presence.all()].map(([id]) => id),
    ['d2'],
  );
  await assert.rejects(devices.removeDevice('d1'), hubError('device-unknown', { id: 'd1' }));
});

test('a device that is removed and registered again goes on with a higher epoch', async (t) => {
  const { devices, open } = await startAdministration(t);
  await open('d1');
  await devices.removeDevice('d1');
  await devices.addDevices({ ids: ['d1'], type: 'sensor@1', site: 'lab' });
  const { epoch, presence } = await devices.showDevice('d1');
  assert.deepEqual(
    [epoch, presence],
    [2, 'never-seen'],
    'news of it is newer than what was told of the old one',
  );
  const device = await open('d1');
  assert.equal(device.socket.of('welcome')[0]?.['epoch'], 3);
});

test('a device that is registered again while its removal is under way comes after it', async (t) => {
  const { devices, open, removed, registry } = await startAdministration(t);
  await open('d1');
  const again = { ids: ['d1'], type: 'sensor@1', site: 'attic' };
  const gone = devices.removeDevice('d1');
  const twice = assert.rejects(devices.removeDevice('d1'), hubError('device-unknown', { id: 'd1' }));
  const back = devices.addDevices(again).then(() => assert.deepEqual(removed, ['d1']));
  await Promise.all([gone, twice, back]);
  assert.equal(registry.get('d1')?.site, 'attic');
  assert.equal((await devices.showDevice('d1')).presence, 'never-seen');
  await assert.rejects(devices.addDevices(again), hubError('device-exists', { ids: ['d1'] }));
});

test('a device that is disabled or enabled is shown so at once', async (t) => {
  const { devices, open, registry } = await startAdministration(t);
  await open('d1');
  await registry.setDisabled('d1', true);
  assert.equal((await devices.showDevice('d1')).presence, 'disabled');
  await registry.setDisabled('d1', false);
  assert.equal((await devices.showDevice('d1')).presence, 'offline');
  await open('d1', { boot: 'b2' });
  await registry.setDisabled('d1', false);
  assert.equal((await devices.showDevice('d1')).presence, 'online');
});
