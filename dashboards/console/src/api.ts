/** The hub's operators' API, as the console asks it. */

/** One fault of what was sent. */
export interface FieldError {
  /** JSON pointer to the field, such as `/params/seconds`; empty: the whole. */
  path: string;
  /** The rule, such as `maximum`. */
  keyword?: string;
  expected?: string;
  got?: string;
}

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

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

interface Request {
  method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  query?: Query | undefined;
  body?: unknown;
  headers?: Readonly<Record<string, string>>;
  signal?: AbortSignal | undefined;
}

let csrf = '';
let signedOut: () => void = () => {};

/** Joins the API to the session: the token that changes must carry, and what happens when the login is over. */
export function setLogin(token: string, onSignedOut: () => void): void {
  csrf = token;
  signedOut = onSignedOut;
}

/**
 * Asks `/api/v1${path}` and gives the JSON of the answer; undefined where there is none (204).
 * @throws ApiError · the signal's reason when it was aborted
 */
async function ask<Answer>(path: string, request: Request = {}): Promise<Answer> {
  const { method = 'GET', query, body, headers, signal } = request;
  const response = await fetch(`/api/v1${path}${textOf(query)}`, {
    method,
    headers: {
      ...(method === 'GET' ? {} : { 'x-csrf-token': csrf }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    credentials: 'same-origin',
    cache: 'no-store',
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  }).catch((error: unknown) => {
    if (signal?.aborted === true) throw error;
    throw new ApiError({ status: 0, code: 'unreachable', message: 'The hub cannot be reached.' });
  });
  const answer = await jsonOf(response);
  if (response.ok) return answer as Answer;
  if (response.status === 401) signedOut();
  throw errorOf(response, answer);
}

export function get<Answer>(path: string, query?: Query, signal?: AbortSignal): Promise<Answer> {
  return ask(path, { query, signal });
}

export function post<Answer>(
  path: string,
  body: unknown = {},
  headers?: Readonly<Record<string, string>>,
): Promise<Answer> {
  return ask(path, { method: 'POST', body, ...(headers === undefined ? {} : { headers }) });
}

/** What to show of anything that was thrown. */
export function messageOf(error: unknown): string {
  if (!(error instanceof ApiError)) return error instanceof Error ? error.message : String(error);
  const wait = error.retryAfterSec === undefined ? '' : ` Try again in ${error.retryAfterSec} s.`;
  return `${error.message}${wait}`;
}

function textOf(query: Query | undefined): string {
  const given = Object.entries(query ?? {}).filter(([, value]) => value !== undefined && value !== '');
  if (given.length === 0) return '';
  return `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString()}`;
}

async function jsonOf(response: Response): Promise<unknown> {
  if (response.headers.get('content-type')?.includes('json') !== true) return undefined;
  return response.json().catch(() => undefined);
}

function errorOf(response: Response, answer: unknown): ApiError {
  const { error } = (answer ?? {}) as {
    error?: { code?: string; message?: string; details?: { errors?: FieldError[] } };
  };
  const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN);
  return new ApiError({
    status: response.status,
    code: error?.code ?? 'internal',
    message: error?.message ?? `The hub answered ${response.status}.`,
    errors: error?.details?.errors,
    retryAfterSec: Number.isFinite(retryAfter) ? retryAfter : undefined,
  });
}
