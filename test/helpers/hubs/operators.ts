import assert from 'node:assert/strict';
import { join } from 'node:path';
import { callHub } from '../../../hub/cli/admin-client.ts';
import type { InProcessHub } from './in-process-hub.ts';

export interface Rights {
  role?: 'viewer' | 'operator' | 'admin';
  devices?: string;
  /** Commands up to this class; `critical` when not given. */
  safety?: 'observe' | 'config' | 'actuate' | 'critical';
}

/** Asks as somebody. */
export interface Asker {
  readonly headers: Readonly<Record<string, string>>;
  get(path: string): Promise<{ status: number; body: Record<string, unknown> }>;
  ask(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ status: number; body: Record<string, unknown> }>;
}

function asker(hub: InProcessHub, headers: Readonly<Record<string, string>>): Asker {
  const ask: Asker['ask'] = async (method, path, body) => {
    const response = await fetch(`${hub.hub.adminUrl}/api/v1${path}`, {
      method,
      headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
    };
  };
  return { headers, ask, get: (path) => ask('GET', path) };
}

const local = (hub: InProcessHub, method: string, path: string, body: unknown): Promise<unknown> =>
  callHub(join(hub.dataDir, 'hub.sock'), method, `/api/v1${path}`, body);

/** A program with a token of these rights. */
export async function withToken(
  hub: InProcessHub,
  name: string,
  { role = 'viewer', devices = '*', safety = 'critical' }: Rights = {},
): Promise<Asker> {
  const body = { name, role, devices, safety };
  const { token } = (await local(hub, 'POST', '/operators/tokens', body)) as { token: string };
  return asker(hub, { authorization: `Bearer ${token}` });
}

/** Of every account made here. */
export const password = 'correct horse battery';

/** An account of a person with these rights. */
export async function makeAccount(
  hub: InProcessHub,
  name: string,
  { role = 'viewer', devices = '*', safety = 'critical' }: Rights = {},
): Promise<void> {
  const rights = { role, devices, safety };
  await local(hub, 'PUT', `/operators/accounts/${name}`, { ...rights, password });
}

/** A person who has signed in at the console. */
export async function signedIn(hub: InProcessHub, name: string, rights: Rights = {}): Promise<Asker> {
  await makeAccount(hub, name, rights);
  const origin = hub.hub.adminUrl;
  const login = await fetch(`${origin}/api/v1/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin },
    body: JSON.stringify({ name, password }),
  });
  assert.equal(login.status, 200);
  const { csrf } = (await login.json()) as { csrf: string };
  const cookie = (login.headers.get('set-cookie') ?? '').split(';', 1)[0] ?? '';
  return asker(hub, { cookie, origin, 'x-csrf-token': csrf });
}
