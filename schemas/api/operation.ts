/**
 * How the operators' API is declared. A resource is a set of operations. Each operation is described once; the route with its
 * checks, the types of both ends, and its part of the OpenAPI document are made from that description.
 */

import type { Static, TObject, TSchema } from 'typebox';
import type { RefusalCode } from './error-codes.ts';
import type { Role } from './roles.ts';

export const tagMeanings = {
  session: 'Signing in and out of the console',
  operators: 'Accounts of people and tokens of programs',
  devices: 'Devices, and what they have sent and been',
  twins: 'What devices should hold, and what they report to hold',
  firmware: 'Firmware, and how devices come to it',
  'device types': 'What kinds of devices there are, and what was refused of them',
  credentials: 'What devices prove their identity with, and how they get it',
  commands: 'Commands to one device',
  groups: 'Groups of devices, and commands to many',
  schedules: 'Commands and notices at their times',
  notices: 'Messages to connected devices',
  incidents: 'What needs a person',
  alarms: 'What is wrong with devices and the hub, and who deals with it',
  store: 'What became of every point on its way to the metrics store',
  hub: 'The hub itself',
  health: 'For balancers and monitoring, and the API itself',
  audit: 'Who did what',
  live: 'What changes, as it happens',
} as const;

export type Tag = keyof typeof tagMeanings;

interface Declared {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** As OpenAPI writes it: `/api/v1/devices/{id}`. */
  readonly path: `/${string}`;
  readonly summary: string;
  readonly description?: string;
  /** The required role, or `nobody`: no login. The default is `viewer` to read and `admin` to change. */
  readonly needs?: Role | 'nobody';
  readonly params?: TObject;
  /** Parameters arrive as texts, from which integers, booleans and lists are read. One with a default is optional. */
  readonly query?: TObject;
  readonly headers?: TObject;
  readonly body?: TSchema;
  /** The answers, by status. The lowest status is sent if the handler names none. */
  readonly answers: Readonly<Record<number, TSchema>>;
  /** The content type of a body that is passed on as it is, without a check by its schema; not given: JSON. */
  readonly bodyMedia?: string;
  /** The content type of its answers; JSON when it is not given. */
  readonly media?: string;
  /** The meaning of a status, where it is not obvious. */
  readonly meanings?: Readonly<Record<number, string>>;
  /** Its own refusals, besides those of every operation of its kind (see `refusalsOf`). */
  readonly refusals?: readonly RefusalCode[];
  /** The answer has a secret that is shown only once, so nothing on the way may cache it. */
  readonly secret?: true;
}

export interface Operation extends Declared {
  /** The `operationId`. */
  readonly id: string;
  readonly tag: Tag;
}

type Resource<Declarations extends Readonly<Record<string, Declared>>> = {
  readonly [Id in keyof Declarations]: Declarations[Id] & { readonly id: Id; readonly tag: Tag };
};

/** Declares the operations of a resource; the name of each is its `operationId`. */
export function resource<const Declarations extends Readonly<Record<string, Declared>>>(
  tag: Tag,
  declarations: Declarations,
): Resource<Declarations> {
  const entries = Object.entries(declarations).map(([id, declared]) => [id, { ...declared, id, tag }]);
  return Object.fromEntries(entries) as Resource<Declarations>;
}

type SchemaIn<Op, Name extends string> =
  Op extends Readonly<Record<Name, infer Schema extends TSchema>> ? Schema : undefined;

/** Names of fields that the hub fills in when a request leaves them out. */
type Defaulted<Properties> = {
  [Name in keyof Properties]: Properties[Name] extends { default: unknown } ? Name : never;
}[keyof Properties];

/** A field that may be left out may also be undefined: it is not sent in either case. */
type Loose<Value> = {
  [Key in keyof Value]: object extends Pick<Value, Key> ? Value[Key] | undefined : Value[Key];
};

/** A part of a request as the sender gives it. */
type Given<Schema> =
  Schema extends TObject<infer Properties>
    ? Loose<
        Omit<Static<Schema>, Defaulted<Properties>> &
          Partial<Pick<Static<Schema>, Defaulted<Properties> & keyof Static<Schema>>>
      >
    : Schema extends TSchema
      ? Static<Schema>
      : undefined;

/** A part of a request as the operation gets it: checked, with defaults filled in. */
type Judged<Schema> = Schema extends TSchema ? Static<Schema> : unknown;

export interface JudgedRequest<Op> {
  params: Judged<SchemaIn<Op, 'params'>>;
  query: Judged<SchemaIn<Op, 'query'>>;
  headers: Judged<SchemaIn<Op, 'headers'>>;
  body: Judged<SchemaIn<Op, 'body'>>;
}

export type ParamsOf<Op> = Given<SchemaIn<Op, 'params'>>;
export type QueryOf<Op> = Given<SchemaIn<Op, 'query'>>;
export type BodyOf<Op> = Given<SchemaIn<Op, 'body'>>;
/** The answer when the request is not refused. */
export type AnswerOf<Op extends Operation> = Static<Op['answers'][keyof Op['answers'] & number]>;

/** The role that an operation requires. */
export function roleOf({ needs, method }: Pick<Operation, 'needs' | 'method'>): Role | 'nobody' {
  return needs ?? (method === 'GET' ? 'viewer' : 'admin');
}

/** The lowest status of an answer that is not a refusal. */
export function successOf({ answers }: Pick<Operation, 'answers'>): number {
  const [lowest = 200] = Object.keys(answers).map(Number);
  return lowest;
}

/** Every code with which the operation may be refused. */
export function refusalsOf(operation: Operation): readonly RefusalCode[] {
  const { params, query, headers, body, bodyMedia, refusals = [] } = operation;
  const role = roleOf(operation);
  const judged = [params, query, headers, body].some((part) => part !== undefined);
  return [
    ...new Set<RefusalCode>([
      ...(judged ? (['input-invalid'] as const) : []),
      // An operation with a body of another kind declares its own limit.
      ...(body === undefined || bodyMedia !== undefined ? [] : (['body-too-large'] as const)),
      ...(body === undefined ? [] : (['content-type-unsupported'] as const)),
      ...(role === 'nobody' ? [] : (['unauthorized', 'forbidden'] as const)),
      ...refusals,
      'host-unknown',
      'internal',
    ]),
  ];
}
