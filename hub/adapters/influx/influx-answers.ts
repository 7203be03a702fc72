import { cutText } from '../../../schemas/cut-text.ts';
import { jsonFields } from '../../kernel/json-fields.ts';
import type { WriteOutcome } from '../../telemetry/store.ts';

/**
 * The meaning of an answer to a write. Only InfluxDB's own answers store or refuse a line. Between the hub and the
 * database there may be a proxy, a gateway, a captive portal, or another program on that port, and each of them answers
 * 2xx, 3xx and 4xx on its own behalf.
 *
 * InfluxDB 1.x and 2.x name themselves in `X-Influxdb-Version` on every answer; InfluxDB 3 does so on `/ping`
 * alone, and marks the answers to writes with `cluster-uuid` from 3.7 on. Its refusals may lack even that, but
 * quote the lines they refuse, which nobody else does.
 */

export interface Answer {
  status: number;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  body: string;
}

const maxReasonLength = 1_000;
const maxQuoteLength = 120;
const maxRetryAfterMs = 600_000;
/** After these, and after any status from 500 on, a later attempt may succeed, whoever sent them. */
const laterStatuses = new Set([408, 425, 429]);

/** The version in InfluxDB's header; `3` if it has only InfluxDB's mark. Undefined: another server answered. */
export function influxVersion({ headers }: Pick<Answer, 'headers'>): string | undefined {
  const version = headers['x-influxdb-version'];
  if (typeof version === 'string' && version !== '') return version.replace(/^v/, '');
  return typeof headers['cluster-uuid'] === 'string' ? '3' : undefined;
}

/** InfluxDB's clock, Unix ms. Undefined: the answer came from a cache or from another server. */
export function ownTimeMs(answer: Answer): number | undefined {
  const { date, age } = answer.headers;
  if (influxVersion(answer) === undefined || typeof date !== 'string' || age !== undefined) return undefined;
  const wholeMs = Date.parse(date);
  // The date has whole seconds (RFC 9110 §5.6.7): on average half of one is cut off.
  return Number.isNaN(wholeMs) ? undefined : wholeMs + 500;
}

/**
 * @param sent the lines that were sent, as one text
 * @param nowMs Unix ms, for a Retry-After that is a date
 */
export function outcomeOf(answer: Answer, sent: string, nowMs: number): WriteOutcome {
  const { status, headers, body } = answer;
  const own = influxVersion(answer) !== undefined;
  if (own && status === 204) return { kind: 'stored' };
  const words = ownWords(body);
  if (words !== undefined && (own || quotesOurs(words.lines, sent))) {
    const refusal = refusalOf(status, words, sent);
    if (refusal !== undefined) return refusal;
  }
  const reason = own ? `${status} ${words?.text ?? clip(body)}`.trim() : strangersWords(answer);
  // A proxy's size limit says nothing about a line, but smaller writes may pass it.
  if (status === 413) return { kind: 'too-large', reason, byStranger: !own };
  if (status >= 500 || laterStatuses.has(status)) {
    const retryAfterMs = parseRetryAfter(headers['retry-after'], nowMs);
    return { kind: 'unavailable', reason, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  }
  return own ? { kind: 'misconfigured', reason, status } : { kind: 'stranger', reason, status };
}

/** InfluxDB's own words in a refusal. */
interface OwnWords {
  text: string;
  /** The lines it quotes (InfluxDB 3), shortened or not. */
  lines: readonly string[];
}

/** Reads `{"error": "…"}` (1.x), `{"code": "…", "message": "…"}` (2.x) and `{"error": "…", "data": […]}` (3); else undefined. */
function ownWords(body: string): OwnWords | undefined {
  const fields = jsonFields(body);
  const [error, message, data] = ['error', 'message', 'data'].map((name) => fields?.get(name));
  const text = typeof error === 'string' ? error : message;
  if (typeof text !== 'string') return undefined;
  const faults = (Array.isArray(data) ? data : [data]).filter(isLineFault);
  const first = faults[0]?.error_message;
  return {
    text: cutText((first === undefined ? text : `${text}: ${first}`).trim(), maxReasonLength),
    lines: faults.map(({ original_line: line }) => line),
  };
}

function isLineFault(value: unknown): value is { original_line: string; error_message?: string } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'original_line' in value &&
    typeof value.original_line === 'string'
  );
}

/** Whether the answer quotes lines, and only lines that we sent. */
function quotesOurs(lines: readonly string[], sent: string): boolean {
  return lines.length > 0 && lines.every((line) => isOurs(line, sent));
}

/** A quote may be cut short, with dots at its end. */
function isOurs(quote: string, sent: string): boolean {
  const start = quote.replace(/(?:\.{3}|…)$/, '').slice(0, maxQuoteLength);
  return start !== '' && sent.includes(start);
}

/** InfluxDB's words about lines that it does not quote. */
const aboutLines =
  /unable to parse|field type conflict|retention policy|time outside range|max-values-per-tag|max-series/;

/** Undefined: the answer refuses no line. */
function refusalOf(status: number, { text }: OwnWords, sent: string): WriteOutcome | undefined {
  const reason = `${status} ${text}`;
  if (status !== 400 && status !== 422) return undefined;
  const partial = status === 422 || text.includes('partial write');
  const quoted = /unable to parse '(.+)/s.exec(text)?.[1];
  // The answer of 2.x to the empty write of a probe.
  if (sent === '' && text === 'writing requires points') return { kind: 'refused', reason };
  const ofLines = quoted === undefined ? partial || aboutLines.test(text) : isOurs(cutAtQuote(quoted), sent);
  // Any other refusal is about the request: something changed or cut short its query, header or body on the way.
  if (!ofLines)
    return { kind: 'unavailable', reason: `${reason} (the request did not arrive as it was sent)` };
  return { kind: partial ? 'partial' : 'refused', reason, ...blameOf(text) };
}

/**
 * `partial write: field type conflict: input field "v" on measurement "m" is type …, already exists as type … dropped=3`:
 * InfluxDB 1.x names the field of one refused point, and counts all of them.
 */
function blameOf(text: string): Pick<Extract<WriteOutcome, { kind: 'partial' }>, 'dropped' | 'blamed'> {
  const dropped = /\bdropped=(\d+)$/.exec(text)?.[1];
  const [, field, measurement] = /input field "(.+)" on measurement "(.+)" is type/.exec(text) ?? [];
  return {
    ...(dropped === undefined ? {} : { dropped: Number(dropped) }),
    ...(field === undefined || measurement === undefined ? {} : { blamed: { measurement, field } }),
  };
}

/** The beginning of a quoted line, up to the first quotation mark: where the quote ends cannot be seen. */
function cutAtQuote(quoted: string): string {
  return /^[^']+/.exec(quoted)?.[0] ?? '';
}

/** Describes a server that is not InfluxDB by its own headers, for the log and for `/readyz`. */
function strangersWords({ status, headers, body }: Answer): string {
  const named = (name: string): string => {
    const value = headers[name];
    return typeof value === 'string' && value !== '' ? `, ${name} ${JSON.stringify(clip(value))}` : '';
  };
  const text = clip(ownWords(body)?.text ?? titleOf(body) ?? body);
  const said = text === '' ? '' : `: ${text}`;
  return `${status}, not by InfluxDB${named('location')}${named('server')}${named('via')}${said}`;
}

function titleOf(body: string): string | undefined {
  return /<title>([^<]+)<\/title>/i.exec(body)?.[1];
}

function clip(text: string): string {
  return text
    .replaceAll(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .slice(0, maxQuoteLength);
}

/** Seconds or a date (RFC 9110 §10.2.3) → ms from now, at most 600 s. */
function parseRetryAfter(value: string | string[] | undefined, nowMs: number): number | undefined {
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  const waitMs = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return Number.isNaN(waitMs) ? undefined : Math.min(Math.max(waitMs, 0), maxRetryAfterMs);
}
