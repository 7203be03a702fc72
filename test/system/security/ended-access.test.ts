import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { HubFrame } from '../../../schemas/index.ts';
import { openAttackRange, type AttackRange } from '../../helpers/drills/attack-range.ts';
import { connectRaw, openRaw } from '../../helpers/devices/raw-device.ts';
import { startSecurityHub, type SecurityHub } from '../../helpers/hubs/security-hub.ts';
import { temporaryFolder } from '../../helpers/services/guard.ts';
import { spawnHub } from '../../helpers/services/process.ts';

/** Devices and secrets that were let in, and are not any more. */

let range: AttackRange;
let hub: SecurityHub;

before(async () => {
  range = await openAttackRange(['other', 'third']);
  ({ hub } = range);
});

after(() => range?.close());

test('a disabled device is out within a second, is shown as such, stays out over a restart, and comes back', async () => {
  const device = await openRaw(hub.as('other'));
  const disabled = { action: 'device.disable', subject: 'other', outcome: 'done', actor: 'local' };
  const reason = 'hub_session_closes_total{reason="credential-revoked"}';
  const tookMs = await range.attack({ counter: reason, audit: disabled }, async () => {
    const began = performance.now();
    await hub.ask('POST', '/devices/other/disable', {});
    assert.equal((await device.closed).code, 4403);
    return performance.now() - began;
  });
  assert.ok(tookMs < 1_000, `${tookMs} ms`);
  const presence = async () => (await hub.ask<{ presence: string }>('GET', '/devices/other')).presence;
  assert.equal(await presence(), 'disabled');
  await assert.rejects(connectRaw(hub.as('other')), /403/);
  await hub.run('device', 'enable', 'other');
  assert.equal(await presence(), 'offline');
  (await openRaw(hub.as('other'))).close();
});

test('a revoked secret ends its session within a second, and the device gets in with its other one', async () => {
  const added = await hub.ask<{ id: string; secret: string }>('POST', '/devices/other/credentials', {});
  const device = await openRaw(hub.as('other', added.secret));
  const revoked = { action: 'credential.revoke', subject: `other/${added.id}`, outcome: 'done' };
  const tookMs = await range.attack({ audit: revoked }, async () => {
    const began = performance.now();
    await hub.ask('DELETE', `/devices/other/credentials/${added.id}`);
    assert.equal((await device.closed).code, 4403);
    return performance.now() - began;
  });
  assert.ok(tookMs < 1_000, `${tookMs} ms`);
  await assert.rejects(connectRaw(hub.as('other', added.secret)), /401/);
  (await openRaw(hub.as('other'))).close();
});

test('a secret that expires in mid-session ends it with 4401', async () => {
  const brief = await hub.ask<{ secret: string }>('POST', '/devices/third/credentials', {
    notAfterMs: Date.now() + 700,
  });
  const expiring = await openRaw(hub.as('third', brief.secret));
  await range.attack({ counter: 'hub_session_closes_total{reason="credential-expired"}' }, async () => {
    assert.equal((await expiring.closed).code, 4401);
  });
  await assert.rejects(connectRaw(hub.as('third', brief.secret)), /401/);
});

test('after a rotation the old secret is refused, and no secret is in the log or on the metrics page', async () => {
  const device = await openRaw(hub.as('third'));
  const asked = { action: 'credential.rotate', outcome: 'done', actor: 'local' };
  await range.attack({ audit: asked }, () => hub.ask('POST', '/rotations', { ids: ['third'] }));
  const offered: Extract<HubFrame, { type: 'credential' }> = await device.next('credential');
  const done = { action: 'credential.rotate', outcome: 'done', actor: 'device:third' };
  const renewed = await range.attack({ counter: 'hub_rotations_total{step="done"}', audit: done }, () =>
    openRaw(hub.as('third', offered.secret)),
  );
  const replay = { action: 'connect', outcome: 'refused', subject: 'third' };
  await range.attack({ audit: replay }, () => assert.rejects(connectRaw(hub.as('third')), /401/));
  renewed.close();
  device.close();
  const metrics = await (await fetch(`${hub.adminUrl}/metrics`)).text();
  for (const secret of [offered.secret, hub.secretOf('third'), hub.secretOf('other')]) {
    assert.ok(!hub.output().includes(secret));
    assert.ok(!metrics.includes(secret));
  }
});

test('who is disabled or revoked is so after a restart on the same data, also when it was killed', async () => {
  const folder = temporaryFolder('revoked');
  const dataDir = folder.path;
  const first = await startSecurityHub(['a', 'b'], { dataDir });
  try {
    await first.ask('POST', '/devices/a/disable', {});
    const { credentials } = await first.ask<{ credentials: { id: string }[] }>(
      'GET',
      '/devices/b/credentials',
    );
    await first.ask('DELETE', `/devices/b/credentials/${credentials[0]?.id}`);
    await first.kill('SIGKILL');
    const second = await spawnHub({ dataDir });
    try {
      const as = (id: string) => ({ ...first.as(id), url: second.deviceUrl });
      await assert.rejects(connectRaw(as('a')), /403/);
      await assert.rejects(connectRaw(as('b')), /401/);
      const { stdout } = await second.cli(['device', 'show', 'a', '--json']);
      assert.match(stdout, /"presence":"disabled"/);
    } finally {
      await second.close();
    }
  } finally {
    await first.close();
    folder.remove();
  }
});
