import { closeCodes } from '../../../../schemas/protocol/close-codes.ts';
import type { Random } from './random.ts';

/** How a connection or a connection attempt ended. */
export type Ending =
  /** The close handshake, or 1006 when the link broke without one (RFC 6455 §7.1.5). */
  | { kind: 'closed'; code: number; reason: string; retryAfterMs?: number | undefined }
  /** The hub answered the upgrade with this HTTP status. */
  | { kind: 'refused'; status: number; retryAfterMs?: number | undefined }
  /** There was no connection, or TLS did not accept the other side. */
  | {
      kind: 'failed';
      message: string;
      /** The port cannot tell: the hub may have refused the secret. */
      mayBeRefused?: boolean;
    }
  /** There was no heartbeat reply and no ping for heartbeatSec + graceSec, or no welcome. */
  | { kind: 'hub-silent' };

export interface Retry {
  waitMs: number;
  /** Waiting will not help: somebody has to check the device's credential, type or firmware. */
  trouble?: string;
}

const minuteMs = 60_000;
/** A longer hint, for example from a wrong header or unit, must not silence a device for days. */
const longestHintMs = 24 * 60 * minuteMs;

/** How long a device waits because of a hint of the hub, ms. */
export function followed(hintMs: number): number {
  return Math.min(hintMs, longestHintMs);
}

/**
 * When to try again. A device alone in the field tries forever; only the pace differs.
 * @param ending how the last connection ended
 * @param backoffMs the next draw of the full-jitter backoff
 */
export function retryAfter(ending: Ending, backoffMs: number, random: Random): Retry {
  if (ending.kind === 'refused') return afterRefusal(ending, backoffMs, random);
  if (ending.kind === 'closed') return afterClose(ending, backoffMs, random);
  return { waitMs: backoffMs };
}

function afterRefusal(ending: Ending & { kind: 'refused' }, backoffMs: number, random: Random): Retry {
  const { status, retryAfterMs } = ending;
  if (status === 401) return rarely(random, 'the hub does not accept this id and secret (HTTP 401)');
  if (status === 403) return rarely(random, 'this device is disabled or revoked (HTTP 403)');
  // 429 and 503 say when. The random part keeps a fleet that got the same answer from returning all together.
  if (retryAfterMs !== undefined) return { waitMs: hinted(retryAfterMs, backoffMs) };
  if (status === 429) return { waitMs: minuteMs + random() * minuteMs };
  if (status >= 500) return { waitMs: backoffMs };
  return {
    waitMs: minuteMs + backoffMs,
    trouble: `this is not the device address of a hub (HTTP ${status})`,
  };
}

function afterClose(ending: Ending & { kind: 'closed' }, backoffMs: number, random: Random): Retry {
  const { code, reason, retryAfterMs } = ending;
  switch (code) {
    case closeCodes.misbehaving:
      return rarely(
        random,
        `the hub does not understand this device; perhaps it does not know its type (4400 ${reason})`,
      );
    case closeCodes.credentialExpired:
      return rarely(random, 'the credential has expired (4401)');
    case closeCodes.credentialRevoked:
      return rarely(random, `the credential is revoked (4403 ${reason})`);
    case closeCodes.replaced:
      return {
        waitMs: Math.max(minuteMs, followed(retryAfterMs ?? 0)) + random() * minuteMs,
        trouble: 'another session uses this id (4409)',
      };
    case closeCodes.rateAbuse:
      return { waitMs: minuteMs + random() * minuteMs };
    case closeCodes.draining:
      // The hub gave each device a time slot of its own: a random part would undo that. One that comes sooner than the backoff is none.
      return { waitMs: Math.max(backoffMs, followed(retryAfterMs ?? 0)) };
    default:
      return { waitMs: retryAfterMs === undefined ? backoffMs : hinted(retryAfterMs, backoffMs) };
  }
}

/** Every 15 to 60 minutes. */
function rarely(random: Random, trouble: string): Retry {
  return { waitMs: (15 + random() * 45) * minuteMs, trouble };
}

function hinted(retryAfterMs: number, backoffMs: number): number {
  return followed(retryAfterMs) + backoffMs;
}

/** `Retry-After` in ms: seconds or an HTTP date (RFC 9110 §10.2.3); undefined when it is neither. */
export function retryAfterHeader(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d+$/.test(value.trim())) return Number(value) * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}

/** Parses a close reason, JSON of at most 123 bytes; other texts are kept unchanged. */
export function closeReason(text: string): { reason: string; retryAfterMs?: number } {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== 'object' || parsed === null) return { reason: text };
    const reason = 'code' in parsed && typeof parsed.code === 'string' ? parsed.code : text;
    const hint = 'retryAfterMs' in parsed ? parsed.retryAfterMs : undefined;
    return typeof hint === 'number' && hint >= 0 ? { reason, retryAfterMs: hint } : { reason };
  } catch {
    return { reason: text };
  }
}
