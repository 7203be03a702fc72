import type { RefusalReason } from '../../schemas/api/error-codes.ts';
import { mqttChecks, type FieldError } from '../../schemas/index.ts';
import { isDeeperThan, maxJsonDepth } from '../kernel/json-depth.ts';

/** What a caller asks for, from whichever door; the id is the caller's own, if there is one. */
export interface CommandRequest {
  readonly device: string;
  readonly name: string;
  readonly id?: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly ttlMs?: number;
}

export interface Refusal {
  readonly reason: RefusalReason;
  readonly errors?: readonly FieldError[];
}

/** How a group command spreads over its devices. */
export interface Pace {
  /** Devices in one wave. */
  readonly wave?: number;
  /** With more failures than this it stops. */
  readonly maxFailures?: number;
  readonly jitterMs?: number;
}

export type ParsedPayload =
  | { kind: 'ok'; id?: string; params: Readonly<Record<string, unknown>>; ttlMs?: number; pace?: Pace }
  /** `id` as far as it could be read, for the answer. */
  | { kind: 'refused'; refusal: Refusal; id?: string };

/** A command frame with these params still fits in a frame of the device protocol (65,536 bytes). */
const maxPayloadBytes = 60_000;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads `{id?, params?, ttlMs?}`. An empty payload stands for `{}`; `idempotency-key` (an MQTT 5 user property)
 * stands for the id where the payload has none, and obeys the same grammar.
 * Pointers in the errors are into the payload. A group command may say how it spreads.
 */
export function parsePayload(
  payload: Uint8Array,
  idempotencyKey?: string,
  kind: 'command' | 'group-command' = 'command',
): ParsedPayload {
  if (payload.byteLength > maxPayloadBytes) {
    return { kind: 'refused', refusal: { reason: 'too-large', errors: [tooLarge(payload.byteLength)] } };
  }
  const value = readJson(payload);
  if (value.kind === 'fault') {
    const error = { path: '', keyword: 'format', expected: 'a JSON object in UTF-8', got: value.note };
    return { kind: 'refused', refusal: { reason: 'bad-payload', errors: [error] } };
  }
  const body = withKey(value.json, idempotencyKey);
  const error = mqttChecks[kind](body);
  if (error !== undefined || !isRecord(body)) {
    return refusedPayload(error === undefined ? [] : [error], isRecord(body) ? body : {});
  }
  if (idempotencyKey !== undefined && body['id'] !== idempotencyKey) {
    const conflict = {
      path: '/id',
      keyword: 'const',
      expected: 'the same as idempotency-key',
      got: 'another id',
    };
    return refusedPayload([conflict], body);
  }
  const { id, params, ttlMs } = body;
  return {
    kind: 'ok',
    params: isRecord(params) ? params : {},
    ...(typeof id === 'string' ? { id } : {}),
    ...(typeof ttlMs === 'number' ? { ttlMs } : {}),
    ...(kind === 'group-command' ? { pace: paceOf(body) } : {}),
  };
}

function paceOf({ wave, maxFailures, jitterMs }: Record<string, unknown>): Pace {
  return {
    ...(typeof wave === 'number' ? { wave } : {}),
    ...(typeof maxFailures === 'number' ? { maxFailures } : {}),
    ...(typeof jitterMs === 'number' ? { jitterMs } : {}),
  };
}

function refusedPayload(errors: FieldError[], body: Record<string, unknown>): ParsedPayload {
  const id = body['id'];
  const refusal: Refusal = { reason: 'bad-payload', errors };
  return { kind: 'refused', refusal, ...(typeof id === 'string' ? { id } : {}) };
}

function readJson(payload: Uint8Array): { kind: 'ok'; json: unknown } | { kind: 'fault'; note: string } {
  if (payload.byteLength === 0) return { kind: 'ok', json: {} };
  try {
    const text = utf8.decode(payload);
    if (isDeeperThan(maxJsonDepth, text)) return { kind: 'fault', note: `more than ${maxJsonDepth} levels` };
    return { kind: 'ok', json: JSON.parse(text) };
  } catch (error) {
    return { kind: 'fault', note: error instanceof SyntaxError ? 'not JSON' : 'not UTF-8' };
  }
}

function withKey(json: unknown, key: string | undefined): unknown {
  return key !== undefined && isRecord(json) && json['id'] === undefined ? { ...json, id: key } : json;
}

function tooLarge(bytes: number): FieldError {
  return {
    path: '',
    keyword: 'maxLength',
    expected: `at most ${maxPayloadBytes} bytes`,
    got: `${bytes} bytes`,
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
