import assert from 'node:assert/strict';
import { request } from 'node:http';
import { json } from 'node:stream/consumers';
import { operations } from '../../../schemas/api/document/api.ts';
import { roleOf } from '../../../schemas/api/operation.ts';
import type { Route } from './document-check.ts';
import type { Performed } from './performed.ts';

/** Who asks, by the headers they send. */
export interface Askers {
  readonly admin: Readonly<Record<string, string>>;
  readonly viewer: Readonly<Record<string, string>>;
}

interface Asked {
  status: number;
  headers?: Readonly<Record<string, string>>;
  path?: string;
  body?: string;
}

/** Asks an operation for everything that the document says it refuses whatever the state of the hub. */
export async function refuseAll(
  url: string,
  route: Route,
  { admin, viewer }: Askers,
  performed: Performed,
): Promise<void> {
  const { method, path, operation } = route;
  const { operationId, security, parameters = [], requestBody, responses } = operation;
  const good = requestBody?.content?.['application/json']?.example;
  const jsonType = { 'content-type': 'application/json' };
  const body = good === undefined ? undefined : JSON.stringify(good);
  const unknown = pathOf(route, () => (operationId === 'showDeadLetter' ? '999999' : 'nobody'));
  const ask = async ({ status, headers = admin, path: asked = unknown, body: sent = body }: Asked) => {
    const type = sent === undefined ? {} : jsonType;
    const options = {
      method,
      headers: { ...type, ...headers },
      ...(sent === undefined ? {} : { body: sent }),
    };
    const response = await fetch(`${url}${asked}`, options);
    const what = `${operationId} ${asked}: ${await response.clone().text()}`;
    assert.equal(response.status, status, what);
    performed.answer(route, status, await response.json());
  };

  performed.answer(route, 421, await strangeHost(`${url}${unknown}`, method));
  if (security.length > 0) await ask({ status: 401, headers: {} });
  const role = roleOf(operations.find(({ id }) => id === operationId) ?? { method: 'GET' });
  const ofDevice = path.startsWith('/api/v1/devices/{id}');
  if (role === 'admin' || role === 'operator' || ofDevice) await ask({ status: 403, headers: viewer });
  const known = pathOf(route, (name) => (name === 'id' ? 'd-1' : 'identify'));
  if (body !== undefined) {
    await ask({ status: 415, path: known, headers: { ...admin, 'content-type': 'text/plain' } });
    await ask({ status: 413, path: known, body: JSON.stringify('x'.repeat(1_100_000)) });
    await ask({ status: 400, path: known, body: '{' });
    await ask({ status: 400, path: known, body: '[]' });
  }
  const other = Object.keys(requestBody?.content ?? {}).some((media) => media !== 'application/json');
  if (other) await ask({ status: 415, headers: { ...admin, 'content-type': 'text/plain' }, body: 'text' });
  const tooLong = pathOf(route, () => 'x'.repeat(200));
  if (tooLong !== path) await ask({ status: 400, path: tooLong });
  if (parameters.some((one) => one.in === 'query')) await ask({ status: 400, path: `${unknown}?nonsense=1` });
  if (unknown === path || responses['404'] === undefined) return;
  const required = parameters.filter((one) => one.in === 'query' && one.required);
  const query = required.map(({ name }) => `${name}=${valueOf(name)}`).join('&');
  await ask({ status: 404, path: query === '' ? unknown : `${unknown}?${query}` });
}

/** Of a required parameter: a SHA-256, or a time. */
function valueOf(name: string): string | number {
  if (name === 'sha256') return '0'.repeat(64);
  return name === 'fromMs' ? 1 : Date.now();
}

/** The answer to a request for a host name that is not the hub's; `fetch` lets nobody choose it. */
function strangeHost(url: string, method: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    request(url, { method, headers: { host: 'stranger.example' } }, (answer) => {
      if (answer.statusCode === 421) resolve(json(answer));
      else reject(new Error(`${method} ${url} for a strange host: ${answer.statusCode}`));
    })
      .on('error', reject)
      .end();
  });
}

function pathOf({ path }: Route, value: (name: string) => string): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => value(name));
}
