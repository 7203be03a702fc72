import type { RefusalReason } from '../../schemas/api/error-codes.ts';
import { mqttChecks, type FieldError } from '../../schemas/index.ts';
import { isDeeperThan, maxJsonDepth } from '../kernel/json-depth.ts';

/** What a caller asks for, whatever the origin; the id is the caller's own, if there is one. */
export interface CommandRequest {
  readonly device: string;
  readonly name: string;
  readonly id?: string | undefined;
  readonly params: Readonly<Record<string, unknown>>;
  readonly ttlMs?: number | undefined;
}

export interface Refusal {
  readonly reason: RefusalReason;
  readonly errors?: readonly FieldError[];
}

/** How a group command spreads over its devices. */
export interface Pace {
  /** Devices in one wave. */
  readonly wave?: number | undefined;
  /** With more failures than this it stops. */
  readonly maxFailures?: number | undefined;
  readonly jitterMs?: number | undefined;
}

export type ParsedPayload =
  | {
      kind: 'ok';
      id: string | undefined;
      params: Readonly<Record<string, unknown>>;
      ttlMs: number | undefined;
      /** Of a group command. */
      pace: Pace;
    }
  /** `id` as far as it could be read, for the answer. */
  | { kind: 'refused'; refusal: Refusal; id?: string | undefined };

/** A command frame with these params still fits in a frame of the device protocol (65,536 bytes). */
const maxPayloadBytes = 60_000;
const noPace: Pace = {};
const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads `{id?, params?, ttlMs?}`. An empty payload means `{}`. `idempotency-key` (an MQTT 5 user property) is the id
 * when the payload has none, and follows the same grammar.
 * Pointers in the errors are into the payload. A group command may also say how it spreads.
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
  const { id, params, ttlMs, wave, maxFailures, jitterMs } = body;
  return {
    kind: 'ok',
    id: textOf(id),
    params: isRecord(params) ? params : {},
    ttlMs: numberOf(ttlMs),
    pace:
      kind === 'command'
        ? noPace
        : { wave: numberOf(wave), maxFailures: numberOf(maxFailures), jitterMs: numberOf(jitterMs) },
  };
}

function refusedPayload(errors: FieldError[], body: Record<string, unknown>): ParsedPayload {
  return { kind: 'refused', refusal: { reason: 'bad-payload', errors }, id: textOf(body['id']) };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
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
