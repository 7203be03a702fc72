/** The one route of the device listener that takes a device without an identity: `POST /v1/enrol`. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { faultText } from '../../../schemas/field-error.ts';
import { readJson } from '../../../schemas/json-text.ts';
import { messageOf } from '../../kernel/errors.ts';
import type { Enrolled, EnrolmentAsk } from '../../identity/enrolment.ts';

export const enrolPath = '/v1/enrol';

const maxBodyBytes = 8_192;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const fields = ['token', 'id', 'publicKey', 'claim'] as const;

interface Answer {
  status: number;
  body: unknown;
  headers?: Record<string, string>;
}

/** @param refused called with the status of every answer of 400 or more, before it goes out */
export async function answerEnrolment(
  request: IncomingMessage,
  response: ServerResponse,
  enrol: (ask: EnrolmentAsk) => Promise<Enrolled>,
  refused: (status: number) => void,
): Promise<void> {
  let answer: Answer;
  try {
    const ask = parseAsk(await readBody(request));
    answer = typeof ask === 'string' ? fault(400, 'bad-request', ask) : answerOf(await enrol(ask));
  } catch (error) {
    answer = fault(400, 'bad-request', messageOf(error));
  }
  if (answer.status >= 400) refused(answer.status);
  response
    .writeHead(answer.status, {
      ...answer.headers,
      'Content-Type': 'application/json',
      'Cache-Control': 'no-store',
      Connection: 'close',
    })
    .end(`${JSON.stringify(answer.body)}\n`);
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBodyBytes) throw new Error(`the body has more than ${maxBodyBytes} bytes`);
    chunks.push(chunk);
  }
  return utf8.decode(Buffer.concat(chunks));
}

/** @returns what is wrong with it, in words; undefined for a valid request */
function parseAsk(text: string): EnrolmentAsk | string {
  const json = readJson(text);
  if (json.kind === 'unreadable') {
    return `the body must be a JSON object: {"token","id"}; it is ${json.fault.got}`;
  }
  const [doubtful] = json.faults ?? [];
  if (doubtful !== undefined) return faultText(doubtful);
  const { value } = json;
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return 'the body must be a JSON object';
  for (const [name, given] of Object.entries(value)) {
    if (!fields.some((field) => field === name)) return `${name} is not a known field`;
    if (typeof given !== 'string' || given === '' || given.length > 4_096) return `${name} must be a text`;
  }
  const { token, id } = value as Record<string, string>;
  if (token === undefined || id === undefined) return 'token and id must be given';
  // Every own member was judged above.
  return value as EnrolmentAsk;
}

function answerOf(outcome: Enrolled): Answer {
  switch (outcome.kind) {
    case 'enrolled': {
      const { kind: _, ...identity } = outcome;
      return { status: 201, body: identity };
    }
    case 'pending':
      return {
        status: 202,
        body: { pending: true, claim: outcome.claim },
        headers: { 'Retry-After': '60' },
      };
    case 'denied':
      return fault(401, 'unauthorized', 'the token is wrong, has ended, or is not for this id');
    case 'refused':
      return fault(409, outcome.reason, refusalText(outcome));
    case 'throttled':
      return {
        ...fault(429, 'too-many-attempts', 'too many failed attempts from this address'),
        headers: { 'Retry-After': String(outcome.retryAfterSec) },
      };
  }
}

function refusalText(refusal: Extract<Enrolled, { kind: 'refused' }>): string {
  switch (refusal.reason) {
    case 'already-registered':
      return 'a device with this id is registered; this token gives it no new identity';
    case 'other-type-or-site': {
      const { typeName, site } = refusal.allowed;
      return `this token is for devices of type ${typeName} at site ${site}; the one with this id is registered otherwise`;
    }
    case 'disabled':
      return 'the device with this id is disabled; an operator has to enable it first';
    case 'busy':
      return 'an operator has to decide on other requests first';
  }
}

function fault(status: number, code: string, message: string): Answer {
  return { status, body: { error: { code, message } } };
}
