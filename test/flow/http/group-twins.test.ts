import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { makeDevice } from '../../../sdk/typescript/src/node.ts';
import type { GroupTwinView } from '../../../schemas/api/twins/group-twins.ts';
import { startInProcessHub, type InProcessHub } from '../../helpers/hubs/in-process-hub.ts';
import { withToken } from '../../helpers/hubs/operators.ts';
import { waitFor } from '../../helpers/wait-for.ts';

/** A device that takes intervals up to `longest`. */
function connect(t: TestContext, hub: InProcessHub, id: string, longest = 1_000): void {
  const client = makeDevice({ ...hub.device(id), type: 'env-sensor@1' });
  t.after(() => client.close());
  client.onDesired((state) => {
    const wanted = Number(state['intervalSec'] ?? 10);
    client.reported({ intervalSec: Math.min(wanted, longest) });
    return wanted <= longest ? [] : [{ path: '/intervalSec', message: `at most ${longest}` }];
  });
  client.reported({ intervalSec: 10 });
  client.wake();
}

async function ended(hub: InProcessHub, id: string): Promise<GroupTwinView> {
  const show = () => hub.ask('GET /api/v1/group-twins/{id}', { params: { id } });
  await waitFor(async () => (await show()).final, { what: `the end of ${id}` });
  return show();
}

test('many devices are set in waves; those that are away have it waiting for them', async (t) => {
  const hub = await startInProcessHub(t);
  const ids = ['d-1', 'd-2', 'd-3', 'd-4', 'd-5'];
  await hub.add(ids);
  for (const id of ids.slice(0, 4)) connect(t, hub, id);
  const body = { id: 't-1', to: 'type=env-sensor', patch: { intervalSec: 30 }, wave: 2 };
  await hub.ask('POST /api/v1/group-twins', { body });
  const view = await ended(hub, 't-1');
  assert.deepEqual([view.status, view.succeeded, view.open], ['finished', 4, 1]);
  assert.deepEqual(view.devices.at(-1), { device: 'd-5', status: 'queued' });
  connect(t, hub, 'd-5');
  await waitFor(
    async () => (await hub.ask('GET /api/v1/twins', { query: { state: 'in-sync' } })).twins.length === 5,
    { what: 'the device that was away is in sync' },
  );
  const repeated = await hub.ask('POST /api/v1/group-twins', { body });
  assert.equal('repeated' in repeated && repeated.repeated, true);
});

test('refusals stop it after as many as are allowed, also over a restart, and what was set stays', async (t) => {
  const hub = await startInProcessHub(t);
  const ids = ['d-1', 'd-2', 'd-3', 'd-4', 'd-5', 'd-6'];
  await hub.add(ids);
  for (const id of ids) connect(t, hub, id, id === 'd-1' ? 20 : 1_000);
  await waitFor(
    async () => (await hub.ask('GET /api/v1/devices', { query: { state: 'online' } })).devices.length === 6,
    {
      what: 'all are online',
    },
  );
  const body = { id: 't-1', to: 'all', patch: { intervalSec: 30 }, wave: 1 };
  await hub.ask('POST /api/v1/group-twins', { body });
  const view = await ended(hub, 't-1');
  assert.deepEqual(
    [view.status, view.reason, view.failed, view.skipped],
    ['stopped', 'too-many-failures', 1, 5],
  );
  assert.deepEqual(view.devices[0], { device: 'd-1', status: 'failed', reason: 'refused' });
  const first = await hub.ask('GET /api/v1/devices/{id}/twin', { params: { id: 'd-1' } });
  assert.deepEqual(
    [first.state, first.errors, first.differs],
    ['refused', [{ path: '/intervalSec', message: 'at most 20' }], ['/intervalSec']],
  );

  await hub.ask('POST /api/v1/group-twins', { body: { ...body, id: 't-2', maxFailures: 1 } });
  await hub.restart();
  for (const id of ids) connect(t, hub, id, id === 'd-1' ? 20 : 1_000);
  const second = await ended(hub, 't-2');
  assert.deepEqual([second.status, second.failed + second.succeeded + second.open], ['finished', 6]);
});

test('a patch that one device cannot take, and devices beyond the rights of the caller, refuse all of it', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['e-1'], 'env-sensor@1', 'east');
  await hub.add(['w-1'], 'env-sensor@1', 'west');
  const east = await withToken(hub, 'east', { role: 'operator', devices: 'site=east', safety: 'config' });
  const invalid = await east.ask('POST', '/group-twins', { to: 'site=east', patch: { intervalSec: 0 } });
  assert.equal(invalid.status, 422);
  const beyond = await east.ask('POST', '/group-twins', { to: 'all', patch: { intervalSec: 30 } });
  assert.equal(beyond.status, 403);
  const own = await east.ask('POST', '/group-twins', { to: 'site=east', patch: { intervalSec: 30 } });
  assert.equal(own.status, 202);
  await ended(hub, String(own.body['id']));
  const { twins } = await hub.ask('GET /api/v1/twins', { query: {} });
  assert.deepEqual(
    twins.map(({ device, rev }) => [device, rev]),
    [
      ['e-1', 1],
      ['w-1', 0],
    ],
  );
});
