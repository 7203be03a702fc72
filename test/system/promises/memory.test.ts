import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import { systemClock } from '../../../schemas/time/clock.ts';
import type { DeviceWhy } from '../../../schemas/api/presence.ts';
import type { HubSnapshot } from '../../../schemas/api/hub.ts';
import type { NackRow, RejectReport } from '../../../schemas/api/telemetry/rejects.ts';
import type { DeviceDetails, DevicePage } from '../../../schemas/api/devices.ts';
import { connectRaw } from '../../helpers/devices/raw-device.ts';
import { startSecurityHub, type SecurityHub } from '../../helpers/hubs/security-hub.ts';
import { temporaryFolder } from '../../helpers/services/guard.ts';
import { waitFor } from '../../helpers/wait-for.ts';

/** How many tables have what the first hub has seen. Another process may read a WAL database. */
function changesOf(dataDir: string): number {
  const state = new DatabaseSync(join(dataDir, 'state.db'), { readOnly: true });
  const has = [
    `SELECT 1 FROM device_list WHERE kind = 'event' AND entries LIKE '%"closed"%'`,
    'SELECT 1 FROM reject',
    `SELECT 1 FROM day_count WHERE record LIKE '%"losses":{"1006":1}%'`,
  ].filter((sql) => state.prepare(sql).get() !== undefined);
  state.close();
  return has.length;
}

const password = 'correct horse battery';
const rights = { role: 'operator', devices: '*', safety: 'actuate' };

/** @returns the headers of a person who has signed in */
async function signIn(hub: SecurityHub, name: string) {
  const { adminUrl: origin } = hub;
  await hub.ask('PUT', `/operators/accounts/${name}`, { ...rights, password });
  const login = await fetch(`${origin}/api/v1/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin },
    body: JSON.stringify({ name, password }),
  });
  const { csrf } = (await login.json()) as { csrf: string };
  const cookie = login.headers.get('set-cookie')?.split(';', 1)[0] ?? '';
  return { origin, cookie, 'x-csrf-token': csrf };
}

/** What a hub still knows after it was killed: real processes, one data folder. */

void describe('a hub that was killed', { concurrency: false }, () => {
  const folder = temporaryFolder('memory');
  let first: SecurityHub;
  /** Name → headers of the login. */
  const logins = new Map<string, Readonly<Record<string, string>>>();

  before(async () => {
    first = await startSecurityHub(['d-1'], { dataDir: folder.path });
    const device = await connectRaw(first.as('d-1'));
    device.send({ type: 'hello', boot: 'b1', deviceType: 'env-sensor@1', t1: 0, firmware: '2.4.0' });
    await device.next('welcome');
    device.send({ type: 'heartbeat', t1: 500, clock: systemClock.now() });
    await device.next('heartbeat');
    device.send({
      type: 'telemetry',
      seq: 1,
      ts: systemClock.now(),
      stream: 'env',
      data: { temperature: 900, humidity: 40 },
    });
    await device.next('nack');
    device.close();
    // The clock is written with the change of presence that follows.
    await waitFor(
      async () => (await first.ask<DeviceDetails>('GET', '/devices/d-1')).presence === 'suspect',
      { what: 'the close is noticed' },
    );
    for (const name of ['stays', 'leaves', 'changes', 'goes', 'ended'])
      logins.set(name, await signIn(first, name));
    const logout = { method: 'POST', headers: { ...logins.get('leaves') } };
    assert.equal((await fetch(`${first.adminUrl}/api/v1/logout`, logout)).status, 204);
    await first.ask('PUT', '/operators/accounts/changes', { ...rights, password: 'another long password' });
    await first.ask('DELETE', '/operators/accounts/goes');
    const listed = await first.run('operator', 'sessions');
    const [id = ''] = /^\S+(?= +operator:ended)/m.exec(listed) ?? [];
    await first.run('operator', 'sign-out', id);
    // What happened is written every second, what was counted every ten.
    await waitFor(() => (changesOf(folder.path) === 3 ? true : undefined), {
      what: 'events, refusals and counts are on disk',
      timeoutMs: 15_000,
    });
    // Writes are committed in order: when this one is on disk, the change is too.
    await first.ask('PATCH', '/devices/d-1/labels', { set: { floor: '2' }, remove: [] });
    await first.kill('SIGKILL');
  });

  after(async () => {
    await first?.close();
    folder.remove();
  });

  test('the next one knows firmware, type version, address and clock of a device that is away, what happened, and who is signed in', async () => {
    const hub = await startSecurityHub([], { dataDir: folder.path });
    try {
      const { firmware, firmwareHeardMs, session, clock } = await hub.ask<DeviceDetails>(
        'GET',
        '/devices/d-1',
      );
      assert.equal(firmware, '2.4.0');
      assert.ok(firmwareHeardMs !== undefined && firmwareHeardMs <= systemClock.now());
      assert.deepEqual(
        [session?.open, session?.deviceType, session?.address, session?.heartbeatSec],
        [false, 'env-sensor@1', '127.0.0.1', 30],
      );
      assert.equal(clock?.quality, 'good');
      assert.ok(clock.measuredMs !== undefined && clock.measuredMs <= systemClock.now());
      const { devices } = await hub.ask<DevicePage>('GET', '/devices');
      assert.deepEqual([devices[0]?.firmware, devices[0]?.firmwareHeardMs], ['2.4.0', firmwareHeardMs]);
      const { events } = await hub.ask<DeviceWhy>('GET', '/devices/d-1/why');
      const kinds = events.map(({ kind }) => kind).filter((kind) => kind !== 'presence');
      assert.deepEqual(kinds, ['connected', 'opened', 'closed']);
      const { nacks } = await hub.ask<{ nacks: NackRow[] }>('GET', '/devices/d-1/nacks');
      assert.deepEqual(
        nacks.map(({ field, firmware: of }) => [field, of]),
        [['/temperature', '2.4.0']],
      );
      const { rejects } = await hub.ask<RejectReport>('GET', '/rejects');
      assert.deepEqual(
        rejects.map(({ field, firmware: of, count }) => [field, of, count]),
        [['/temperature', '2.4.0', 1]],
      );
      const { lastDay, losses } = await hub.ask<HubSnapshot>('GET', '/hub');
      assert.deepEqual([lastDay.losses, lastDay.rejected], [{ '1006': 1 }, { schema: 1 }]);
      assert.deepEqual(losses, {}, 'of this start alone');
      const statusOf = async (name: string): Promise<number> =>
        (await fetch(`${hub.adminUrl}/api/v1/me`, { headers: { ...logins.get(name) } })).status;
      const statuses = await Promise.all([...logins.keys()].map(statusOf));
      assert.deepEqual(statuses, [200, 401, 401, 401, 401], 'who was signed in still is, and nobody else');
    } finally {
      await hub.kill();
    }
  });

  test('the command line knows them too while no hub runs', async () => {
    const shown = await first.run('device', 'show', 'd-1');
    assert.match(shown, /firmware +2\.4\.0 \(last known, /);
    assert.match(shown, /session +env-sensor@1 from 127\.0\.0\.1 since .*, heartbeat 30 s \(last known, /);
    assert.match(await first.run('device', 'list'), /d-1 .* 2\.4\.0/);
  });
});
