import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { callHub } from '../../../hub/cli/admin-client.ts';
import type { Cause } from '../../../schemas/api/presence.ts';
import { explain } from '../../../hub/presence/why.ts';
import { neverSeen } from '../../../hub/presence/presence.ts';
import { startInProcessHub, type InProcessHub } from '../../helpers/hubs/in-process-hub.ts';
import { connectRaw, openRaw } from '../../helpers/devices/raw-device.ts';
import { waitFor } from '../../helpers/wait-for.ts';

async function untilWhy(hub: InProcessHub, id: string, cause: Cause, timeoutMs = 6_000): Promise<void> {
  let last: unknown;
  await waitFor(
    async () => {
      const why = await hub.ask('GET /api/v1/devices/{id}/why', { params: { id } });
      last = why;
      return why.cause === cause;
    },
    { what: `${id}: ${cause}`, timeoutMs, everyMs: 25 },
  ).catch((error: unknown) => {
    throw new Error(`${id} is not ${cause} but ${JSON.stringify(last)}`, { cause: error });
  });
}

/** Heartbeat 1 s, grace 0.5 s. */
const quick = { heartbeatSec: 1 };

/** Each makes one cause and nothing else. */
const scripts: { cause: Cause; run: (hub: InProcessHub, id: string, t: TestContext) => Promise<void> }[] = [
  { cause: 'never-connected', run: () => Promise.resolve() },
  {
    cause: 'wrong-credential',
    run: (hub, id) => assert.rejects(openRaw({ ...hub.device(id), secret: 'guessed' })),
  },
  {
    cause: 'wrong-device-type',
    async run(hub, id) {
      const device = await connectRaw(hub.device(id));
      device.send({ type: 'hello', boot: 'b', deviceType: 'smart-valve@1', t1: 1 });
      await device.closed;
    },
  },
  {
    cause: 'no-hello',
    async run(hub, id) {
      const device = await connectRaw(hub.device(id));
      await device.closed;
    },
  },
  {
    cause: 'protocol-fault',
    async run(hub, id) {
      const device = await openRaw(hub.device(id), quick);
      for (let n = 0; n < 10; n += 1) device.sendText('no JSON');
      assert.equal((await device.closed).code, 4400);
    },
  },
  {
    cause: 'frame-too-big',
    async run(hub, id) {
      const device = await openRaw(hub.device(id), quick);
      device.sendText('x'.repeat(70_000));
      assert.equal((await device.closed).code, 1009);
    },
  },
  {
    cause: 'said-goodbye',
    async run(hub, id) {
      const device = await openRaw(hub.device(id), quick);
      device.send({ type: 'bye' });
      assert.equal((await device.closed).code, 1000);
    },
  },
  {
    cause: 'disabled',
    async run(hub, id) {
      const device = await openRaw(hub.device(id), quick);
      await callHub(join(hub.dataDir, 'hub.sock'), 'POST', `/api/v1/devices/${id}/disable`, undefined);
      assert.equal((await device.closed).code, 4403);
    },
  },
  {
    cause: 'asleep',
    async run(hub, id) {
      const device = await openRaw(hub.device(id), quick);
      device.send({ type: 'bye', sleepSec: 600 });
      await device.closed;
    },
  },
  {
    cause: 'overslept',
    async run(hub, id) {
      const device = await openRaw(hub.device(id), quick);
      device.send({ type: 'bye', sleepSec: 1 });
      await device.closed;
    },
  },
  {
    cause: 'application-hangs',
    async run(hub, id, t) {
      const device = await openRaw(hub.device(id), quick);
      t.after(() => device.close());
    },
  },
  {
    cause: 'link-silent',
    async run(hub, id, t) {
      const device = await openRaw({ ...hub.device(id), autoPong: false }, quick);
      t.after(() => device.close());
      assert.equal((await device.closed).code, 4408);
    },
  },
  {
    cause: 'connection-broke',
    async run(hub, id) {
      const device = await openRaw(hub.device(id), quick);
      device.ws.terminate();
    },
  },
  {
    cause: 'closed-by-device',
    async run(hub, id) {
      const device = await openRaw(hub.device(id), quick);
      device.ws.close(1001);
      await device.closed;
    },
  },
  {
    cause: 'cloned-credential',
    async run(hub, id) {
      for (const boot of ['one', 'two', 'one', 'two']) {
        const device = await connectRaw(hub.device(id));
        device.send({ type: 'hello', boot, deviceType: 'env-sensor@1', t1: 1, ...quick });
        await Promise.race([device.next('welcome'), device.closed]);
      }
    },
  },
];

test('why names each cause of a scripted disconnection, and a connected device has none', async (t) => {
  const hub = await startInProcessHub(t, { HUB_BACKOFF_MAX_MS: '1000', HUB_RESTART_MS: '0' });
  await hub.add([...scripts.map(({ cause }) => `d-${cause}`), 'd-none', 'd-drained']);
  const online = await openRaw(hub.device('d-none'));
  t.after(() => online.close());
  const drained = await openRaw(hub.device('d-drained'), quick);
  await untilWhy(hub, 'd-none', 'none');
  await Promise.all(
    scripts.map(async ({ cause, run }) => {
      await run(hub, `d-${cause}`, t);
      await untilWhy(hub, `d-${cause}`, cause);
    }),
  );
  const { events } = await hub.ask('GET /api/v1/devices/{id}/why', { params: { id: 'd-frame-too-big' } });
  assert.ok(events.some((entry) => entry.kind === 'closed' && entry.code === 1009));

  // The hub stops, and asks those that are there to come back; nobody does.
  const again = await openRaw(hub.device('d-drained'), { ...quick, boot: 'b-2' });
  assert.equal((await drained.closed).code, 4409);
  await hub.restart();
  assert.equal((await again.closed).code, 1012);
  assert.equal(
    again.frames.some(({ type }) => type === 'drain'),
    true,
  );
  await untilWhy(hub, 'd-drained', 'hub-draining');
  await untilWhy(hub, 'd-drained', 'not-seen-since-restart');
  await untilWhy(hub, 'd-asleep', 'asleep');
});

test('a device that the limit of its address keeps out is not told to check its power alone', async (t) => {
  const hub = await startInProcessHub(t, { HUB_MAX_SOCKETS_PER_ADDRESS: '1' });
  await hub.add(['d-in', 'd-out']);
  const device = await openRaw(hub.device('d-in'), quick);
  await assert.rejects(openRaw(hub.device('d-out')));
  const why = await hub.ask('GET /api/v1/devices/{id}/why', { params: { id: 'd-out' } });
  assert.equal(why.cause, 'never-connected');
  assert.match(why.text, /cutting new connections from 127\.0\.0\.1, because the limit of 1 connections/);
  const open = async () =>
    (await hub.ask('GET /api/v1/incidents', {})).incidents.map(({ kind, state, subject, limit }) => [
      kind,
      state,
      subject,
      limit,
    ]);
  assert.deepEqual(await open(), [['connections-cut', 'open', '127.0.0.1', 1]]);
  device.close();
});

const now = 1_000_000;
const quiet = { events: [], stalls: [], nowMs: now };

test('causes that need no device', () => {
  const cause = (presence: object, more: object = {}): Cause =>
    explain({ ...quiet, presence: { ...neverSeen(now - 5_000), ...presence }, ...more }).cause;
  assert.equal(cause({ state: 'disabled', reason: 'disabled' }), 'disabled');
  assert.equal(cause({ state: 'unknown', reason: 'hub-restarted' }), 'hub-restarted');
  const late = { state: 'suspect', reason: 'heartbeat-late' };
  assert.equal(cause(late), 'heartbeat-late');
  assert.equal(cause(late, { stalls: [{ atMs: now - 1_000, stalledMs: 4_000 }] }), 'hub-stalled');
  const closed = (reason: string) => [{ kind: 'closed', by: 'hub', code: 4004, reason, atMs: now - 6_000 }];
  const lost = { state: 'offline', reason: 'link-lost' };
  assert.equal(cause(lost, { events: closed('slow-reader') }), 'slow-reader');
  const broke = { state: 'offline', reason: 'connection-broke' };
  const attempt = [{ kind: 'closed', by: 'link', code: 1006, reason: '', atMs: now - 9_000 }];
  assert.equal(cause(lost, { events: attempt }), 'link-silent', 'the reason of the presence counts');
  assert.equal(cause(lost), 'link-silent');
  assert.equal(cause(broke), 'connection-broke');
  const closedIt = { state: 'offline', reason: 'closed-without-bye' };
  assert.equal(cause(closedIt), 'closed-by-device');
  const said = [{ kind: 'closed', by: 'device', code: 4004, reason: 'slow-reader', atMs: now - 9_000 }];
  assert.equal(
    cause(closedIt, { events: said }),
    'closed-by-device',
    'what a device calls its close is no verdict',
  );
  assert.equal(cause(closedIt, { events: closed('overloaded') }), 'closed-by-hub');
  assert.equal(cause({ state: 'offline', reason: 'enabled' }), 'not-seen-since-enabled');
  const refused = (status: number) => [{ kind: 'refused', status, code: 'x', address: '', atMs: now - 100 }];
  assert.equal(cause(lost, { events: refused(503) }), 'turned-away');
  assert.equal(cause(lost, { events: refused(403) }), 'disabled');
});
