import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Audit, type AuditStore } from '../../../hub/audit/audit.ts';
import { Authenticator } from '../../../hub/identity/authenticator.ts';
import { Rotation } from '../../../hub/identity/rotation.ts';
import { newSecretCredential } from '../../../hub/registry/credentials.ts';
import { startSessions, turn } from '../../helpers/hubs/session-fixture.ts';
import { silentLog } from '../../helpers/silent-log.ts';

async function startAuthenticator(t: TestContext) {
  const hub = await startSessions(t, { messagesPerSec: 10 });
  const refusals: string[] = [];
  const store: AuditStore = {
    append({ outcome, subject, details }) {
      if (outcome === 'refused') refusals.push(`${subject} ${JSON.stringify(details)}`);
      return Promise.resolve();
    },
    list: () => Promise.resolve([]),
  };
  const audit = new Audit({ store, clock: hub.clock, log: silentLog });
  const { registry, sessions, clock } = hub;
  const rotation = new Rotation({ registry, sessions, clock, log: silentLog, audit });
  const authenticator = new Authenticator({ registry, rotation, sessions, clock, audit });
  const admit = (id: string, secret: string, address = '10.0.0.1') =>
    authenticator.admit({ authorization: `Basic ${btoa(`${id}:${secret}`)}` }, address);
  return { ...hub, rotation, authenticator, refusals, admit };
}

test('a device that flooded is refused for a minute, though it proves who it is', async (t) => {
  const { open, admit, refusals, pass } = await startAuthenticator(t);
  const device = await open();
  for (let n = 0; n < 200; n += 1) device.telemetry();
  assert.equal(device.socket.closedWith?.code, 4429);
  assert.deepEqual(await admit('d1', 'secret-d1'), { kind: 'shut-out', deviceId: 'd1', retryAfterSec: 60 });
  assert.deepEqual(refusals, ['d1 {"reason":"shut-out"}']);
  assert.equal((await admit('d2', 'secret-d2')).kind, 'device');
  await pass(60_000);
  assert.equal((await admit('d1', 'secret-d1')).kind, 'device');
});

test('whoever guesses is slowed, and the device itself is not, wherever it comes from', async (t) => {
  const { admit } = await startAuthenticator(t);
  for (let n = 0; n < 10; n += 1) assert.equal((await admit('d1', 'wrong', '10.0.0.9')).kind, 'denied');
  assert.deepEqual(await admit('d1', 'wrong', '10.0.0.9'), { kind: 'throttled', retryAfterSec: 6 });
  assert.equal(
    (await admit('d1', 'wrong', '10.0.0.8')).kind,
    'throttled',
    'the id is guessed at from elsewhere too',
  );
  for (const address of ['10.0.0.7', '10.0.0.8', '10.0.0.9']) {
    assert.equal((await admit('d1', 'secret-d1', address)).kind, 'device', 'from an address it never had');
    assert.equal((await admit('d2', 'secret-d2', address)).kind, 'device', 'and so is its neighbour');
  }
});

test('one that fails once a second is told to wait no longer for every try', async (t) => {
  const { admit, pass } = await startAuthenticator(t);
  const waits: number[] = [];
  for (let n = 0; n < 600; n += 1) {
    const admitted = await admit('nobody', 'wrong');
    if (admitted.kind === 'throttled') waits.push(admitted.retryAfterSec);
    await pass(1_000);
  }
  assert.ok(waits.length > 450 && Math.max(...waits) <= 6, `${waits.length}, up to ${Math.max(...waits)} s`);
});

test('the first use of a next secret retires the others, ends no session, and completes the rotation', async (t) => {
  const { admit, open, registry, rotation } = await startAuthenticator(t);
  const device = await open('d1');
  const next = newSecretCredential(0, { state: 'next' });
  await registry.changeCredentials('d1', (credentials) => [...credentials, next.credential]);
  assert.equal((await admit('d1', next.secret)).kind, 'device');
  assert.equal(rotation.counters.done, 0, 'not before the old secret is retired on disk');
  await turn();
  assert.equal(rotation.counters.done, 1);
  assert.equal((await admit('d1', 'secret-d1')).kind, 'denied');
  assert.equal((await admit('d1', next.secret)).kind, 'device');
  assert.equal(device.socket.closedWith, undefined);
});

test('sessions end when their device is disabled or their credential is revoked, not when labels change', async (t) => {
  const { open, registry } = await startAuthenticator(t);
  const first = await open('d1');
  await registry.label('d1', { floor: '2' }, []);
  assert.equal(first.socket.closedWith, undefined);
  await registry.setDisabled('d1', true);
  assert.deepEqual(first.socket.closedWith, { code: 4403, reason: 'credential-revoked' });
  const second = await open('d2');
  await registry.changeCredentials('d2', () => []);
  assert.deepEqual(second.socket.closedWith, { code: 4403, reason: 'credential-revoked' });
});
