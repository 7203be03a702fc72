/** The operators' API: every declared operation, with values that fit, nearly fit, and do not. */

import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { text as textOf } from 'node:stream/consumers';
import fc from 'fast-check';
import { operations } from '../../../schemas/api/api.ts';
import { statusOf, statusOfReason } from '../../../schemas/api/error-codes.ts';
import { refusalsOf, type Operation } from '../../../schemas/api/operation.ts';
import { Refusal } from '../../../schemas/api/refusal.ts';
import { assertFits } from '../api-check.ts';
import { makeDoor } from './door.ts';
import { asked, tokenNames, type FuzzRange, type TokenName } from './fuzz-range.ts';
import { hostileText } from './hostile-values.ts';
import { mostly } from './mostly.ts';
import { attempts, jsonTexts, valuesOf, type JsonSchema, type Known } from './schema-values.ts';

const known: Known = {
  id: ['c-1', 'g-1'],
  ids: ['new-1', 'new-2', asked[0]],
  device: asked,
  type: ['env-sensor@1', 'smart-valve@1'],
  site: ['default'],
  stream: ['env', 'event'],
  command: ['identify', 'set-interval', 'reboot', 'c-1'],
  selector: ['id=asked-*', 'type=env-sensor', 'all', 'floor=2'],
  to: ['all', 'id=asked-*'],
  name: ['identify', 'set-interval', 'one', 'two'],
  group: ['one'],
  params: [{}, { seconds: 5 }],
  cron: ['0 4 * * *', '0 0 29 2 *'],
  zone: ['Europe/Berlin', 'UTC'],
  timeZone: ['Europe/Berlin', 'UTC'],
};

/** What the `{id}` or `{name}` of a path means, by the resource that the path begins with. */
const idsOf: Known = {
  devices: asked,
  enrolments: asked,
  'device-types': ['env-sensor@1', 'smart-valve@1'],
  'group-commands': ['g-1'],
  'dead-letters': ['1', '2'],
};

/** @param path such as `/api/v1/devices/{id}` */
function knownIn(path: string): Known {
  const [, , , resource = ''] = path.split('/');
  return Object.hasOwn(idsOf, resource) ? { ...known, id: idsOf[resource] ?? [] } : known;
}

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

function pathsOf({ path, params }: Operation): fc.Arbitrary<string> {
  const schema = params as JsonSchema | undefined;
  const values = Object.entries(schema?.properties ?? {}).map(
    ([name, member]) =>
      [
        name,
        mostly(valuesOf(member === false ? {} : member, knownIn(path), name).map(asText), hostileText),
      ] as const,
  );
  return fc
    .record(Object.fromEntries(values))
    .map((parts: Readonly<Record<string, string>>) =>
      path.replaceAll(/\{(\w+)\}/g, (_, name: string) => escaped(parts[name] ?? '')),
    );
}

function queriesOf({ query }: Operation): fc.Arbitrary<[string, string][]> {
  if (query === undefined) return fc.constant([]);
  const made = attempts(query as JsonSchema, known).map((value) => {
    const members = typeof value === 'object' && value !== null ? Object.entries(value) : [];
    return members.flatMap(([name, one]: [string, unknown]) =>
      [one].flat().map((single): [string, string] => [name, asText(single) ?? '']),
    );
  });
  return mostly(made, fc.array(fc.tuple(hostileText, hostileText), { maxLength: 3 }));
}

function headersOf({ headers }: Operation): fc.Arbitrary<Record<string, string>> {
  const names = Object.keys((headers as JsonSchema | undefined)?.properties ?? {});
  const value = hostileText.map((text) => text.replaceAll(/[^\x20-\x7e]/g, '~'));
  return fc.record(Object.fromEntries(names.map((name) => [name, value])), {
    requiredKeys: [],
  }) as fc.Arbitrary<Record<string, string>>;
}

function callsOf(operation: Operation): fc.Arbitrary<Call> {
  const { id, body } = operation;
  const none = fc.constant(undefined);
  const bodies =
    body === undefined ? none : mostly<string | undefined>(jsonTexts(attempts(body, known)), none);
  return fc.record({
    id: fc.constant(id),
    token: mostly<Call['token']>(['fuzz-admin'], [...tokenNames, 'wrong', undefined]),
    path: pathsOf(operation),
    query: queriesOf(operation),
    headers: headersOf(operation),
    body: bodies,
    type: mostly(fc.constant('application/json'), ['text/plain', 'application/json; charset=x', '']),
  });
}

async function strike(range: FuzzRange, call: Call): Promise<string> {
  const { id, token, path, query, headers, body, type } = call;
  const operation = byId.get(id);
  if (operation === undefined) throw new Error(`there is no operation ${id}`);
  const terms = query.map(([name, value]) => `${escaped(name)}=${escaped(value)}`).join('&');
  const proof = token === 'wrong' ? 'nobody' : token === undefined ? undefined : range.tokens.get(token);
  const sent = request(`${range.hub.adminUrl}${path}${terms === '' ? '' : `?${terms}`}`, {
    method: operation.method,
    agent: false,
    timeout: 70_000,
    headers: {
      ...headers,
      ...(proof === undefined ? {} : { authorization: `Bearer ${proof}` }),
      ...(body === undefined ? {} : { 'content-type': type, 'content-length': Buffer.byteLength(body) }),
    },
  });
  sent.on('timeout', () => sent.destroy(new Error('no answer came')));
  sent.end(body);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  judge(operation, answer, await textOf(answer));
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
  if (code === 'internal' || !allowed.includes(code)) throw new Error(`not a refusal of its own: ${said}`);
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
