/** The hub's operators' API, as the console asks it. */

import type { AnswerTo, ApiRoute, RequestTo } from '../../../schemas/api/document/api.ts';
import type { FieldError, Refusal } from '../../../schemas/api/refusal.ts';
import { requestPath, type PathParts } from '../../../schemas/api/requests/request-path.ts';
import { texts } from './texts/texts.ts';

/** A request that the hub refused, or that never reached it. */
export class ApiError extends Error {
  /** HTTP status; 0: no answer came. */
  readonly status: number;
  /** The hub's word for it, such as `device-unknown`; `unreachable` when no answer came. */
  readonly code: string;
  readonly errors: readonly FieldError[];
  readonly retryAfterSec: number | undefined;

  constructor(fault: {
    status: number;
    code: string;
    message: string;
    errors?: readonly FieldError[] | undefined;
    retryAfterSec?: number | undefined;
  }) {
    super(fault.message);
    this.name = 'ApiError';
    this.status = fault.status;
    this.code = fault.code;
    this.errors = fault.errors ?? [];
    this.retryAfterSec = fault.retryAfterSec;
  }
}

/** What may be said of a request beside what it asks. */
interface Manner {
  /** A caller that repeats a request sends the same key. */
  readonly idempotencyKey?: string;
  /** The ETag that a change builds on. */
  readonly ifMatch?: string;
  readonly signal?: AbortSignal | undefined;
}

let csrf = '';
let signedOut: () => void = () => {};

/** Joins the API to the session: the token that changes must carry, and what happens when the login is over. */
export function setLogin(token: string, onSignedOut: () => void): void {
  csrf = token;
  signedOut = onSignedOut;
}

/**
 * Performs one operation of the API, by its method and path: `GET /api/v1/devices/{id}`.
 * @returns the answer; undefined where it has no body (204)
 * @throws ApiError · the signal's reason when it was aborted
 */
export async function ask<Route extends ApiRoute>(
  route: Route,
  given: RequestTo<Route> & Manner,
): Promise<AnswerTo<Route>> {
  const [method = '', template = ''] = route.split(' ');
  const { body, idempotencyKey, ifMatch, signal, ...parts } = given as PathParts &
    Manner & { body?: unknown };
  const response = await fetch(requestPath(template, parts), {
    method,
    headers: {
      ...(method === 'GET' ? {} : { 'x-csrf-token': csrf }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(ifMatch === undefined ? {} : { 'if-match': ifMatch }),
      ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
    },
    credentials: 'same-origin',
    cache: 'no-store',
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  }).catch((error: unknown) => {
    if (signal?.aborted === true) throw error;
    throw unreachable();
  });
  return outcomeOf(response);
}

/**
 * Sends a file as the body of an operation.
 * @param progress called with the share that is sent, 0 to 1
 * @throws ApiError
 */
export async function upload<Route extends ApiRoute>(
  route: Route,
  given: PathParts & { file: Blob; media: string; progress: (share: number) => void },
): Promise<AnswerTo<Route>> {
  const [method = '', template = ''] = route.split(' ');
  const { file, media, progress, ...parts } = given;
  // `fetch` does not say how far it is.
  const request = new XMLHttpRequest();
  request.open(method, requestPath(template, parts));
  request.setRequestHeader('x-csrf-token', csrf);
  request.setRequestHeader('content-type', media);
  request.upload.addEventListener('progress', ({ loaded, total }) =>
    progress(total === 0 ? 1 : loaded / total),
  );
  await new Promise<void>((resolve) => {
    request.addEventListener('loadend', () => resolve());
    request.send(file);
  });
  if (request.status === 0) throw unreachable();
  const headers = new Headers({
    'content-type': request.getResponseHeader('content-type') ?? '',
    'retry-after': request.getResponseHeader('retry-after') ?? '',
  });
  const response = new Response(request.responseText, { status: request.status, headers });
  return outcomeOf(response);
}

async function outcomeOf<Answer>(response: Response): Promise<Answer> {
  const answer = await jsonOf(response);
  if (response.ok) return answer as Answer;
  if (response.status === 401) signedOut();
  throw errorOf(response, answer);
}

function unreachable(): ApiError {
  return new ApiError({ status: 0, code: 'unreachable', message: texts.shell.hubCannotBeReached });
}

/** What to show of anything that was thrown. */
export function messageOf(error: unknown): string {
  if (!(error instanceof ApiError)) return error instanceof Error ? error.message : String(error);
  const { message, retryAfterSec } = error;
  return retryAfterSec === undefined ? message : `${message} ${texts.shell.tryAgainInS(retryAfterSec)}`;
}

async function jsonOf(response: Response): Promise<unknown> {
  if (response.headers.get('content-type')?.includes('json') !== true) return undefined;
  return response.json().catch(() => undefined);
}

function errorOf(response: Response, answer: unknown): ApiError {
  // A proxy in between may answer too, in its own format.
  const { error } = (answer ?? {}) as Partial<Refusal>;
  const retryAfter = Number.parseInt(response.headers.get('retry-after') ?? '', 10);
  return new ApiError({
    status: response.status,
    code: error?.code ?? 'internal',
    message: error?.message ?? texts.shell.theHubAnswered(response.status),
    errors: error?.details?.errors,
    retryAfterSec: Number.isFinite(retryAfter) ? retryAfter : undefined,
  });
}
