import assert from 'node:assert/strict';
import type { ApiClient } from './api-client.ts';
import type { Fleet } from './device-calls.ts';
import { done, refused } from './outcome.ts';
import type { Scene } from './scene.ts';

export async function callDeadLetters(client: ApiClient, scene: Scene): Promise<void> {
  const body = { ids: ['t-1'], type: 'traffic-detector@1', site: 'hall-3' };
  const [added] = (await done(client.POST('/api/v1/devices', { body }))).devices;
  const device = await scene.connect('t-1', added?.secret ?? '', 'traffic-detector@1');
  await scene.refuseOccupancy();
  await device.send('traffic', { occupancy: 1 });
  const listed = '/api/v1/dead-letters';
  const letter = await scene.until('there is a dead letter', async () => {
    const params = { query: { device: 't-1', after: 0, limit: 10 } };
    return (await done(client.GET(listed, { params }))).deadLetters[0];
  });
  const params = { path: { id: letter.id } };
  const shown = await done(client.GET('/api/v1/dead-letters/{id}', { params }));
  assert.deepEqual(shown, letter);
  await refused(client.GET('/api/v1/dead-letters/{id}', { params: { path: { id: 999_999 } } }), 404);
  const retry = '/api/v1/dead-letters/retry';
  assert.equal((await done(client.POST(retry, { body: { ids: [letter.id] } }))).count, 1);
  await scene.until('it is refused again', async () => {
    return (await done(client.GET(listed))).deadLetters[0] !== undefined;
  });
  const purge = '/api/v1/dead-letters/purge';
  assert.equal((await done(client.POST(purge, { body: { device: 't-1' } }))).count, 1);
}

/** What waits on disk while the store is away. The store does not come back. */
export async function callSpool(client: ApiClient, scene: Scene, { online }: Fleet): Promise<void> {
  const empty = await done(client.GET('/api/v1/spool/lines'));
  assert.equal(empty.page, null);
  await scene.stopStore();
  await online.send('env', { temperature: 21 });
  const status = await done(client.GET('/api/v1/spool'));
  assert.deepEqual([status.store, status.lines > 0], ['down', true]);
  const { page } = await done(client.GET('/api/v1/spool/lines', { params: { query: { after: 0 } } }));
  assert.match(page?.text ?? '', /temperature=21/);
  const params = { path: { id: 'd-1', stream: 'env' }, query: { toMs: Date.now() } };
  await refused(client.GET('/api/v1/devices/{id}/readings/{stream}', { params }), 503);
  assert.equal((await done(client.GET('/readyz'))).degraded[0], 'store');
}
