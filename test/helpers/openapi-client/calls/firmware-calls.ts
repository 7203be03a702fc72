import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { ApiClient } from './api-client.ts';
import { done, refused } from './outcome.ts';

/** A firmware, and a rollout to a device that is not there. */
export async function callFirmware(client: ApiClient): Promise<void> {
  const body = 'the bytes of a firmware';
  const sha256 = createHash('sha256').update(body).digest('hex');
  const ofFirmware = { type: 'env-sensor', version: '9.0.0' };
  const params = { path: ofFirmware, query: { sha256 } };
  const headers = { 'content-type': 'application/octet-stream' };
  const put = { body, headers, bodySerializer: (text: string) => text };
  const wrong = { path: ofFirmware, query: { sha256: '0'.repeat(64) } };
  await refused(client.PUT('/api/v1/firmware/{type}/{version}', { params: wrong, ...put }), 422);
  assert.equal(
    (await done(client.PUT('/api/v1/firmware/{type}/{version}', { params, ...put }), 201)).sha256,
    sha256,
  );
  await refused(client.PUT('/api/v1/firmware/{type}/{version}', { params, ...put }), 409);
  const large = 'x'.repeat(1_100_000);
  const tooLarge = { path: { ...ofFirmware, version: '9.2.0' }, query: { sha256 } };
  await refused(
    client.PUT('/api/v1/firmware/{type}/{version}', { params: tooLarge, ...put, body: large }),
    413,
  );
  const elsewhere = { ...ofFirmware, version: '9.1.0', sha256, size: 10, url: 'https://files.example/9' };
  await done(client.POST('/api/v1/firmware', { body: elsewhere }), 201);
  assert.equal((await done(client.GET('/api/v1/firmware'))).firmware.length, 2);
  const ofPath = { params: { path: ofFirmware } };
  assert.equal((await done(client.GET('/api/v1/firmware/{type}/{version}', ofPath))).rollouts.length, 0);

  const request = { id: 'r-1', ...ofFirmware, to: 'd-3', waves: ['100%'] };
  await done(client.POST('/api/v1/rollouts', { body: { ...request, dryRun: true } }));
  await done(client.POST('/api/v1/rollouts', { body: request }), 202);
  await done(client.POST('/api/v1/rollouts', { body: request }));
  await refused(client.POST('/api/v1/rollouts', { body: { ...request, id: 'r-2' } }), 409);
  const ofRollout = { params: { path: { id: 'r-1' } } };
  assert.equal((await done(client.POST('/api/v1/rollouts/{id}/pause', ofRollout))).status, 'paused');
  assert.equal((await done(client.POST('/api/v1/rollouts/{id}/resume', ofRollout))).status, 'running');
  await refused(client.DELETE('/api/v1/firmware/{type}/{version}', ofPath), 409);
  assert.equal((await done(client.GET('/api/v1/rollouts'))).rollouts.length, 1);
  const page = { params: { path: { id: 'r-1' }, query: { limit: 1 } } };
  assert.equal((await done(client.GET('/api/v1/rollouts/{id}/devices', page))).devices[0]?.device, 'd-3');
  const ofDevice = { params: { path: { id: 'd-3' } } };
  const { updates } = await done(client.GET('/api/v1/devices/{id}/updates', ofDevice));
  assert.deepEqual([updates[0]?.rollout, updates[0]?.version], ['r-1', '9.0.0']);
  await refused(client.GET('/api/v1/devices/{id}/updates', { params: { path: { id: 'd-none' } } }), 404);
  assert.equal((await done(client.POST('/api/v1/rollouts/{id}/cancel', ofRollout))).status, 'cancelled');
  assert.equal((await done(client.GET('/api/v1/rollouts/{id}', ofRollout))).status, 'cancelled');
  await refused(client.POST('/api/v1/rollouts/{id}/pause', ofRollout), 409);
  await refused(client.GET('/api/v1/rollouts/{id}', { params: { path: { id: 'r-9' } } }), 404);
  await done(client.DELETE('/api/v1/firmware/{type}/{version}', ofPath), 204);
  await refused(client.GET('/api/v1/firmware/{type}/{version}', ofPath), 404);
}
