import type { RefusalReason } from '../../schemas/api/error-codes.ts';
import { mqttChecks, type FieldError } from '../../schemas/index.ts';
import { readJson, type JsonRead } from '../../schemas/json-text.ts';

/** The request of a caller, from any origin. The id is the caller's own, if there is one. */
export interface CommandRequest {
  readonly device: string;
  readonly name: string;
  readonly id?: string | undefined;
  readonly params: Readonly<Record<string, unknown>>;
  readonly ttlMs?: number | undefined;
}

export interface CommandRefusal {
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
  | { kind: 'refused'; refusal: CommandRefusal; id?: string | undefined };

/** A command frame with these params still fits in a frame of the device protocol (65,536 bytes). */
const maxPayloadBytes = 60_000;
const noPace: Pace = {};
/** A byte order mark is left to the reading of JSON. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

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
  const json = readPayload(payload);
  if (json.kind === 'unreadable') {
    const error = { ...json.fault, keyword: 'format' };
    return { kind: 'refused', refusal: { reason: 'bad-payload', errors: [error] } };
  }
  if (json.faults !== undefined) {
    // An id that occurs twice does not count.
    const whose = isRecord(json.value) && !json.faults.some(({ path }) => path === '/id') ? json.value : {};
    return refusedPayload(json.faults, whose);
  }
  const body = withKey(json.value, idempotencyKey);
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

function refusedPayload(errors: readonly FieldError[], body: Record<string, unknown>): ParsedPayload {
  return { kind: 'refused', refusal: { reason: 'bad-payload', errors }, id: textOf(body['id']) };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

/** An empty payload means `{}`. */
export function readPayload(payload: Uint8Array): JsonRead {
  if (payload.byteLength === 0) return { kind: 'read', value: {} };
  try {
    return readJson(utf8.decode(payload));
  } catch {
    const fault = { path: '', keyword: 'format', expected: 'a JSON object in UTF-8', got: 'not UTF-8' };
    return { kind: 'unreadable', fault };
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
