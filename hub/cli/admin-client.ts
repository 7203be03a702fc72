/** The operations of a running hub, over the admin socket in its data folder. */

import { request, type IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { text as bodyText } from 'node:stream/consumers';
import type { CredentialSummary, NewSecret } from '../../schemas/api/credentials.ts';
import type { OfflineOperations } from './cli-deps.ts';
import type { AnswerTo, ApiRoute, RequestTo } from '../../schemas/api/document/api.ts';
import { requestPath, type PathParts } from '../../schemas/api/requests/request-path.ts';
import { HubError, messageOf } from '../kernel/errors.ts';
import { refusalFault } from '../kernel/refusal-fault.ts';

const timeoutMs = 30_000;
const maxRotations = 10_000;

/**
 * The operations that the command line also performs without a hub, performed by the running one.
 * Every call is a request of its own, so there is nothing to close.
 * Every call throws HubError `hub-not-running` when nothing listens on the socket, `hub-unreachable` when the hub
 * does not answer or answers with an internal fault, and otherwise the fault of the operation itself.
 */
export function adminClient(socketPath: string): OfflineOperations {
  const ask = <Route extends ApiRoute>(route: Route, given: RequestTo<Route>): Promise<AnswerTo<Route>> =>
    callApi(socketPath, route, given);
  return {
    addDevices: async (body) => (await ask('POST /api/v1/devices', { body })).devices,
    listDevices: (query) => ask('GET /api/v1/devices', { query }),
    countDevices: async (by) => (await ask('GET /api/v1/device-counts', { query: { by } })).groups,
    showDevice: (id) => ask('GET /api/v1/devices/{id}', { params: { id } }),
    labelDevice: (id, body) => ask('PATCH /api/v1/devices/{id}/labels', { params: { id }, body }),
    removeDevice: (id) => ask('DELETE /api/v1/devices/{id}', { params: { id } }),
    listCredentials: async (id) =>
      (await ask('GET /api/v1/devices/{id}/credentials', { params: { id } })).credentials,
    // The addition says which of the two answers comes.
    addSecret: async (id, body) =>
      (await ask('POST /api/v1/devices/{id}/credentials', { params: { id }, body })) as NewSecret,
    addKey: async (id, publicKey, validity) => {
      const body = { ...validity, publicKey };
      return (await ask('POST /api/v1/devices/{id}/credentials', {
        params: { id },
        body,
      })) as CredentialSummary;
    },
    revokeCredential: (id, credential) =>
      ask('DELETE /api/v1/devices/{id}/credentials/{credential}', { params: { id, credential } }),
    setDisabled: (id, disabled) =>
      ask(`POST /api/v1/devices/{id}/${disabled ? 'disable' : 'enable'}`, { params: { id } }),
    async rotate(ids) {
      // The hub accepts at most this many in one request.
      for (let at = 0; at < ids.length; at += maxRotations) {
        await ask('POST /api/v1/rotations', { body: { ids: ids.slice(at, at + maxRotations) } });
      }
    },
    rotating: async () => (await ask('GET /api/v1/rotations', {})).devices,
    ledger: (device) => ask('GET /api/v1/ledger', { query: { device } }),
    spoolStatus: () => ask('GET /api/v1/spool', {}),
    spoolPage: async (after) => (await ask('GET /api/v1/spool/lines', { query: { after } })).page,
    async deadLetters({ device, afterId, limit }) {
      const query = { device, after: afterId, limit };
      return (await ask('GET /api/v1/dead-letters', { query })).deadLetters;
    },
    deadLetter: (id) => ask('GET /api/v1/dead-letters/{id}', { params: { id } }),
    retryDeadLetters: async (body) => (await ask('POST /api/v1/dead-letters/retry', { body })).count,
    purgeDeadLetters: async (body) => (await ask('POST /api/v1/dead-letters/purge', { body })).count,
  };
}

/** Whether a hub listens on the socket. @throws HubError `hub-unreachable` when this user may not access the socket */
export async function hubRuns(socketPath: string): Promise<boolean> {
  try {
    await callApi(socketPath, 'GET /livez', {});
    return true;
  } catch (error) {
    if (error instanceof HubError && error.code === 'hub-not-running') return false;
    throw error;
  }
}

/** What may be said of a request beside what it asks. */
export interface Manner {
  /** The ETag that a change builds on. */
  readonly ifMatch?: string | undefined;
}

/**
 * Performs one operation of the running hub, by its method and path.
 * @throws HubError as the operations of `adminClient`
 */
export async function callApi<Route extends ApiRoute>(
  socketPath: string,
  route: Route,
  given: RequestTo<Route>,
  { ifMatch }: Manner = {},
): Promise<AnswerTo<Route>> {
  const [method = '', template = ''] = route.split(' ');
  const { body, ...parts } = given as PathParts & { body?: unknown };
  const headers = ifMatch === undefined ? {} : { 'if-match': ifMatch };
  return (await callHub(socketPath, method, requestPath(template, parts), body, headers)) as AnswerTo<Route>;
}

/** One request to the running hub. @returns the answer's JSON @throws HubError as the operations of `adminClient` */
export async function callHub(
  socketPath: string,
  method: string,
  path: string,
  body: unknown,
  manner: Readonly<Record<string, string>> = {},
): Promise<unknown> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const headers =
    text === undefined
      ? manner
      : { ...manner, 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
  return answerOf(await send(socketPath, method, path, headers, text));
}

async function answerOf(response: IncomingMessage): Promise<unknown> {
  const status = response.statusCode ?? 0;
  let answer: unknown;
  try {
    const text = await bodyText(response);
    answer = text === '' ? undefined : JSON.parse(text);
  } catch (error) {
    throw new HubError('hub-unreachable', `its answer cannot be parsed (${messageOf(error)})`, {
      cause: error,
    });
  }
  if (status >= 200 && status < 300) return answer;
  throw faultOf(status, answer);
}

/** Sends a file as it is. @returns the answer's JSON @throws HubError as the operations of `adminClient` */
export async function sendFile(
  socketPath: string,
  { path, media, size, bytes }: { path: string; media: string; size: number; bytes: Readable },
): Promise<unknown> {
  const headers = { 'content-type': media, 'content-length': size };
  return answerOf(await send(socketPath, 'PUT', path, headers, bytes));
}

function send(
  socketPath: string,
  method: string,
  path: string,
  headers: Record<string, string | number>,
  body?: string | Readable,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = request({
      socketPath,
      method,
      path,
      agent: false,
      signal: AbortSignal.timeout(timeoutMs),
      headers,
    });
    outgoing.once('response', resolve);
    outgoing.once('error', (error: NodeJS.ErrnoException) => reject(connectFault(error, socketPath)));
    if (typeof body === 'object') body.on('error', (error) => outgoing.destroy(error)).pipe(outgoing);
    else outgoing.end(body);
  });
}

function connectFault(error: NodeJS.ErrnoException, socketPath: string): HubError {
  switch (error.code ?? '') {
    // There is no file, or it is left over from a hub that was killed.
    case 'ENOENT':
    case 'ENOTDIR':
    case 'ECONNREFUSED':
      return new HubError('hub-not-running', `nothing listens on ${socketPath}`, { cause: error });
    case 'EACCES':
    case 'EPERM':
      return new HubError(
        'hub-unreachable',
        `${socketPath} belongs to another user; run this as the hub's own user`,
        {
          cause: error,
        },
      );
    default:
      return new HubError('hub-unreachable', `${socketPath}: ${error.message}`, { cause: error });
  }
}

function faultOf(status: number, answer: unknown): HubError {
  const fault = refusalFault(answer);
  if (typeof fault !== 'string') return fault;
  return new HubError('hub-unreachable', `it answered ${status}${fault === '' ? '' : `: ${fault}`}`);
}
