/** The operators' API: every declared operation, with values that fit, nearly fit, and do not. */

import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { text as textOf } from 'node:stream/consumers';
import fc from 'fast-check';
import { operations } from '../../../schemas/api/document/api.ts';
import { statusOf, statusOfReason } from '../../../schemas/api/error-codes.ts';
import { refusalsOf, type Operation } from '../../../schemas/api/operation.ts';
import { Refusal } from '../../../schemas/api/refusal.ts';
import { assertFits } from '../api-check.ts';
import { makeDoor } from './door.ts';
import { tokenNames, type FuzzRange, type TokenName } from './fuzz-range.ts';
import { hostileText } from './hostile-values.ts';
import { mostly } from './mostly.ts';
import { knownInBody, knownOf } from './operation-values.ts';
import { attempts, jsonTexts, valuesOf, type JsonSchema } from './schema-values.ts';

interface Call {
  id: string;
  /** `wrong`: one that nobody has. */
  token: TokenName | 'wrong' | undefined;
  path: string;
  /** Name and value, as they stand in the query. */
  query: [string, string][];
  headers: Record<string, string>;
  /** As it is sent; undefined: none. */
  body: string | undefined;
  type: string;
}

const byId = new Map(operations.map((operation) => [operation.id, operation]));

/** A part of a path or a query, which is text: what comes of a lone surrogate is what a program would send. */
const escaped = (text: string): string => encodeURIComponent(text.toWellFormed());

const asText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** The path with a value for each of its parameters, by the name and the schema of the parameter. */
function pathsOf(
  { path, params }: Operation,
  valueOf: (name: string, member: JsonSchema) => fc.Arbitrary<string>,
): fc.Arbitrary<string> {
  const schema = params as JsonSchema | undefined;
  const values = Object.entries(schema?.properties ?? {}).map(
    ([name, member]) => [name, valueOf(name, member === false ? {} : member)] as const,
  );
  return fc
    .record(Object.fromEntries(values))
    .map((parts: Readonly<Record<string, string>>) =>
      path.replaceAll(/\{(\w+)\}/g, (_, name: string) => escaped(parts[name] ?? '')),
    );
}

/** The terms of a query that has these members. */
function termsOf(value: unknown): [string, string][] {
  const members = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  return members.flatMap(([name, one]: [string, unknown]) =>
    [one].flat().map((single): [string, string] => [name, asText(single) ?? '']),
  );
}

function headersOf({ headers }: Operation): fc.Arbitrary<Record<string, string>> {
  const names = Object.keys((headers as JsonSchema | undefined)?.properties ?? {});
  const value = hostileText.map((text) => text.replaceAll(/[^\x20-\x7e]/g, '~'));
  return fc.record(Object.fromEntries(names.map((name) => [name, value])), {
    requiredKeys: [],
  }) as fc.Arbitrary<Record<string, string>>;
}

/** Requests as a program sends them: what follows all checks is reached by these. */
function goodCalls(operation: Operation): fc.Arbitrary<Call> {
  const { id, query, body } = operation;
  const known = knownOf(operation);
  return fc.record<Call>({
    id: fc.constant(id),
    token: fc.constant('fuzz-admin'),
    path: pathsOf(operation, (name, member) => valuesOf(member, known, name).map(asText)),
    query: query === undefined ? fc.constant([]) : valuesOf(query as JsonSchema, known).map(termsOf),
    headers: fc.constant({}),
    body:
      body === undefined
        ? fc.constant(undefined)
        : valuesOf(body as JsonSchema, knownInBody(operation)).map((value) => JSON.stringify(value)),
    type: fc.constant('application/json'),
  });
}

/** One thing of a request that is not as it should be, or may not be. */
function spoilt(operation: Operation): fc.Arbitrary<Partial<Call>> {
  const { params, query, headers, body } = operation;
  const known = knownOf(operation);
  const anyTerms = fc.array(fc.tuple(hostileText, hostileText), { maxLength: 3 });
  const anyBody = fc.oneof(
    { weight: 8, arbitrary: jsonTexts(attempts((body ?? {}) as JsonSchema, knownInBody(operation))) },
    { weight: 1, arbitrary: fc.constant(undefined) },
  );
  const parts: [weight: number, part: fc.Arbitrary<Partial<Call>>][] = [
    [1, fc.record({ token: fc.constantFrom<Call['token']>(...tokenNames, 'wrong', undefined) })],
    [1, fc.record({ query: anyTerms })],
    [
      params === undefined ? 0 : 3,
      fc.record({
        path: pathsOf(operation, (name, member) =>
          mostly(hostileText, valuesOf(member, known, name).map(asText), 2),
        ),
      }),
    ],
    [
      query === undefined ? 0 : 3,
      fc.record({ query: attempts((query ?? {}) as JsonSchema, known).map(termsOf) }),
    ],
    [headers === undefined ? 0 : 1, fc.record({ headers: headersOf(operation) })],
    [body === undefined ? 0 : 8, fc.record({ body: anyBody })],
    [
      body === undefined ? 0 : 1,
      fc.record({ type: fc.constantFrom('text/plain', 'application/json; charset=x', '') }),
    ],
  ];
  return fc.oneof(...parts.map(([weight, arbitrary]) => ({ weight, arbitrary })));
}

function callsOf(operation: Operation): fc.Arbitrary<Call> {
  const good = goodCalls(operation);
  return fc.oneof(
    { weight: 1, arbitrary: good },
    {
      weight: 1,
      arbitrary: fc.tuple(good, spoilt(operation)).map(([call, part]): Call => ({ ...call, ...part })),
    },
  );
}

async function strike(range: FuzzRange, call: Call): Promise<string> {
  const { id, token, path, query, headers, body, type } = call;
  const operation = byId.get(id);
  if (operation === undefined) throw new Error(`there is no operation ${id}`);
  const terms = query.map(([name, value]) => `${escaped(name)}=${escaped(value)}`).join('&');
  const proof = token === 'wrong' ? 'nobody' : token === undefined ? undefined : range.tokens.get(token);
  const sent = request(
    `${range.hub.adminUrl}${range.latest.inPath(path)}${terms === '' ? '' : `?${terms}`}`,
    {
      method: operation.method,
      agent: range.agent,
      timeout: 70_000,
      headers: {
        ...headers,
        ...(proof === undefined ? {} : { authorization: `Bearer ${proof}` }),
        ...(body === undefined ? {} : { 'content-type': type, 'content-length': Buffer.byteLength(body) }),
      },
    },
  );
  sent.on('timeout', () => sent.destroy(new Error('no answer came')));
  sent.end(body);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  const said = await textOf(answer);
  judge(operation, answer, said);
  if (answer.statusCode === 201) range.latest.learn(id, path, said);
  if (id === 'removeDevice' && answer.statusCode === 204) await range.restore();
  return `${id} ${answer.statusCode ?? 0}`;
}

/** @throws when the operation may not answer so */
function judge({ answers, ...operation }: Operation, answer: IncomingMessage, text: string): void {
  const { statusCode: status = 0, headers } = answer;
  const said = `${operation.id} answered ${status} ${text.slice(0, 1_000)}`;
  if (Object.hasOwn(answers, status)) {
    const schema = answers[status];
    if (text !== '' && operation.media === undefined && schema !== undefined)
      assertFits(schema, JSON.parse(text), said);
    return;
  }
  if (!(headers['content-type'] ?? '').startsWith('application/json')) throw new Error(`no JSON: ${said}`);
  const refusal = JSON.parse(text) as Refusal;
  assertFits(Refusal, refusal, said);
  const { code, details } = refusal.error;
  const due = code === 'command-refused' ? statusOfReason(details?.reason) : statusOf(code);
  // A path that is longer than any operation has says so by its own status (RFC 9110 §15.5.15).
  const isLong = code === 'input-invalid' && status === 414;
  if (!isLong && due !== status) throw new Error(`not the status of its code: ${said}`);
  // A hostile part of the path can make it another path.
  const allowed: readonly string[] = [
    ...refusalsOf({ answers, ...operation }),
    'path-unknown',
    'method-not-allowed',
  ];
  // Nothing is wrong with the disk: a statement that fails was given what no check should have let pass.
  const isOurs = code === 'internal' || code === 'database-failed';
  if (isOurs || !allowed.includes(code)) throw new Error(`not a refusal of its own: ${said}`);
}

/** A password is hashed slowly on purpose, and a wrong one is answered late: these would take most of the time. */
const slow: ReadonlySet<string> = new Set(['login', 'saveAccount']);

/** The more an operation takes, the more often it is called. */
function weightOf({ id, query, body }: Operation): number {
  if (slow.has(id)) return 1;
  return 4 * (1 + (query === undefined ? 0 : 1) + (body === undefined ? 0 : 2));
}

const calls = fc.oneof(
  ...operations.map((operation) => ({ weight: weightOf(operation), arbitrary: callsOf(operation) })),
);

export const operationDoor = makeDoor('operations', calls, strike);
