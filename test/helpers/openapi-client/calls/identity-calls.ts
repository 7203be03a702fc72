import assert from 'node:assert/strict';
import type { ApiClient } from './api-client.ts';
import type { Fleet } from './device-calls.ts';
import { done, refused } from './outcome.ts';
import type { Scene } from './scene.ts';

/** Credentials of `d-3`, which is not connected. */
export async function callCredentials(client: ApiClient, publicKey: string): Promise<void> {
  const params = { path: { id: 'd-3' } };
  const credentials = '/api/v1/devices/{id}/credentials';
  const second = await done(client.POST(credentials, { params, body: {} }), 201);
  await done(client.POST(credentials, { params, body: { publicKey } }), 201);
  assert.equal((await done(client.GET(credentials, { params }))).credentials.length, 3);
  const one = { path: { ...params.path, credential: second.id } };
  const revoke = '/api/v1/devices/{id}/credentials/{credential}';
  await done(client.DELETE(revoke, { params: one }), 204);
  await refused(client.DELETE(revoke, { params: one }), 404);
  await done(client.POST('/api/v1/rotations', { body: { ids: ['d-3'] } }), 202);
  assert.equal((await done(client.GET('/api/v1/rotations'))).devices[0]?.id, 'd-3');
  await done(client.POST('/api/v1/devices/{id}/disable', { params }), 204);
  await done(client.POST('/api/v1/devices/{id}/enable', { params }), 204);
}

export async function callEnrolments(client: ApiClient, scene: Scene): Promise<void> {
  const all = '/api/v1/enrolments';
  const body = {
    type: 'env-sensor@1',
    site: 'hall-3',
    uses: 2,
    notAfterMs: Date.now() + 3_600_000,
    reEnrolment: 'approve' as const,
    idPrefix: '',
    labels: {},
  };
  const { id, token } = await done(client.POST(all, { body }), 201);
  assert.equal(await scene.enrol(token, 'e-1'), 201);
  // Those that are registered already wait for an operator.
  assert.deepEqual([await scene.enrol(token, 'd-3'), await scene.enrol(token, 'd-4')], [202, 202]);
  const { enrolments, requests } = await done(client.GET(all));
  assert.equal(enrolments[0]?.used, 1);
  assert.deepEqual(requests.map(({ deviceId }) => deviceId).toSorted(), ['d-3', 'd-4']);
  const approve = '/api/v1/enrolments/requests/{id}/approve';
  await done(client.POST(approve, { params: { path: { id: 'd-3' } } }), 204);
  const deny = '/api/v1/enrolments/requests/{id}/deny';
  await done(client.POST(deny, { params: { path: { id: 'd-4' } } }), 204);
  await refused(client.POST(deny, { params: { path: { id: 'd-1' } } }), 404);
  await done(client.DELETE('/api/v1/enrolments/{id}', { params: { path: { id } } }), 204);
}

export async function callIncidents(client: ApiClient, scene: Scene, { secrets }: Fleet): Promise<void> {
  await scene.clone('d-4', secrets.get('d-4') ?? '');
  await scene.until('there is an incident', async () => {
    const { incidents } = await done(client.GET('/api/v1/incidents'));
    return incidents.find(({ kind }) => kind === 'cloned-credential')?.sample[0] === 'd-4';
  });
}

export async function callOperators(client: ApiClient): Promise<void> {
  const params = { path: { name: 'anna' } };
  const rights = { role: 'operator' as const, devices: 'site=hall-3', safety: 'actuate' as const };
  const password = 'correct horse battery';
  const account = '/api/v1/operators/accounts/{name}';
  await done(client.PUT(account, { params, body: { ...rights, password } }), 204);
  const token = { name: 'ci', ...rights, notAfterMs: Date.now() + 3_600_000 };
  assert.equal((await done(client.POST('/api/v1/operators/tokens', { body: token }), 201)).name, 'ci');
  const { accounts, tokens } = await done(client.GET('/api/v1/operators'));
  assert.ok(accounts.some(({ name }) => name === 'anna') && tokens.some(({ name }) => name === 'ci'));
  await done(client.DELETE(`${account}/second-factor`, { params }), 204);
  await done(client.DELETE(account, { params }), 204);
  await refused(client.DELETE(`${account}/second-factor`, { params }), 404);
  await refused(client.DELETE(account, { params }), 404);
  const revoke = '/api/v1/operators/tokens/{name}';
  await done(client.DELETE(revoke, { params: { path: { name: 'ci' } } }), 204);
  const query = { action: 'token.add', limit: 1 };
  await done(client.GET('/api/v1/audit', { params: { query } }));
  assert.equal((await done(client.GET('/api/v1/audit', {}))).entries.length > 5, true);
}
