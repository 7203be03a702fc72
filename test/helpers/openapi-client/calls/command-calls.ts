import assert from 'node:assert/strict';
import type { ApiClient } from './api-client.ts';
import { done, refused } from './outcome.ts';

/** Commands to `d-1`, which is connected, and to `d-2`, which is not. */
export async function callCommands(client: ApiClient): Promise<void> {
  const send = '/api/v1/devices/{id}/commands/{command}';
  const identify = {
    path: { id: 'd-1', command: 'identify' },
    query: { wait: '10s' },
    header: { 'idempotency-key': 'c-1' },
  };
  const sent = await done(client.POST(send, { params: identify, body: {} }), 200);
  assert.deepEqual([sent.id, sent.status, sent.repeated], ['c-1', 'succeeded', false]);
  assert.equal((await done(client.POST(send, { params: identify, body: {} }))).repeated, true);

  const later = { path: { id: 'd-2', command: 'set-interval' } };
  const queued = await done(client.POST(send, { params: later, body: { params: { seconds: 60 } } }), 202);
  const ofCommand = { path: { id: 'd-2', command: queued.id } };
  assert.equal((await done(client.GET(send, { params: ofCommand }))).status, queued.status);
  const cancel = '/api/v1/devices/{id}/commands/{command}/cancel';
  assert.equal((await done(client.POST(cancel, { params: ofCommand }))).status, 'cancelled');
  const query = { device: 'd-1', open: false, limit: 1 };
  const { commands } = await done(client.GET('/api/v1/commands', { params: { query } }));
  assert.equal(commands[0]?.id, 'c-1');

  // Each reason of a refusal has the status that the document gives it.
  const refusedWith = (command: string, body: object, status: number): Promise<void> =>
    refused(client.POST(send, { params: { path: { id: 'd-1', command } }, body }), status);
  await refusedWith('no-such-command', {}, 404);
  await refusedWith('set-interval', { params: { seconds: 'many' } }, 400);
  await refusedWith('reboot', {}, 400);
  await refusedWith('set-interval', { id: 'c-1', params: { seconds: 60 } }, 409);
}

export async function callGroups(client: ApiClient): Promise<void> {
  const params = { path: { name: 'sensors' } };
  const body = { selector: 'type=env-sensor,site=hall-3' };
  assert.equal((await done(client.PUT('/api/v1/groups/{name}', { params, body }))).name, 'sensors');
  assert.equal((await done(client.GET('/api/v1/groups'))).groups.length, 1);

  const all = '/api/v1/group-commands';
  const command = { id: 'g-1', wave: 10, maxFailures: 10 };
  const request = { group: 'sensors', name: 'identify', command };
  const preview = await done(client.POST(all, { body: { ...request, dryRun: true } }), 200);
  assert.equal(preview.devices.length, 4);
  assert.equal('repeated' in (await done(client.POST(all, { body: request }), 202)), true);
  await done(client.POST(all, { body: request }), 200);
  const ofCommand = { path: { id: 'g-1' } };
  const shown = await done(client.GET('/api/v1/group-commands/{id}', { params: ofCommand }));
  assert.equal(shown.targets, 4);
  const { groupCommands } = await done(client.GET(all, { params: { query: { limit: 5 } } }));
  assert.equal(groupCommands[0]?.id, 'g-1');

  const slow = { to: 'd-1', name: 'identify', command: { id: 'g-2', jitterMs: 3_600_000 } };
  await done(client.POST(all, { body: slow }), 202);
  const cancel = '/api/v1/group-commands/{id}/cancel';
  await done(client.POST(cancel, { params: { path: { id: 'g-2' } } }));
  await refused(client.POST(all, { body: { to: 'site=nowhere', name: 'identify' } }), 400);
  await done(client.DELETE('/api/v1/groups/{name}', { params }), 204);
}

/** Schedules and notices, whose time comes later. */
export async function callPlanned(client: ApiClient): Promise<void> {
  const params = { path: { name: 'nightly' } };
  const body = {
    name: 'nightly',
    cron: '0 22 * * *',
    timeZone: 'Europe/Berlin',
    to: 'type=env-sensor',
    action: { kind: 'command' as const, name: 'identify', params: {} },
    catchUp: 'skip' as const,
    jitterMs: 0,
    paused: false,
  };
  assert.equal((await done(client.POST('/api/v1/schedules', { body }), 201)).paused, false);
  await refused(client.POST('/api/v1/schedules', { body }), 409);
  assert.equal((await done(client.GET('/api/v1/schedules'))).schedules.length, 1);
  const { name: _, ...change } = { ...body, timeZone: 'UTC' };
  const changed = await done(client.PUT('/api/v1/schedules/{name}', { params, body: change }));
  assert.equal(changed.timeZone, 'UTC');
  const paused = await done(client.PATCH('/api/v1/schedules/{name}', { params, body: { paused: true } }));
  assert.equal(paused.paused, true);
  const times = { ...params, query: { count: 3 } };
  assert.equal((await done(client.GET('/api/v1/schedules/{name}/times', { params: times }))).times.length, 3);
  await done(client.DELETE('/api/v1/schedules/{name}', { params }), 204);

  const notice = { to: 'all', topic: 'maintenance', data: { text: 'back at six' } };
  assert.equal((await done(client.POST('/api/v1/notices', { body: notice }), 200)).report?.sent, 1);
  const planned = { ...notice, atMs: Date.now() + 3_600_000 };
  await done(client.POST('/api/v1/notices', { body: planned }), 202);
  assert.equal((await done(client.GET('/api/v1/notices'))).notices.length, 2);
  await refused(client.POST('/api/v1/notices', { body: { ...notice, to: 'nobody' } }), 404);
}
