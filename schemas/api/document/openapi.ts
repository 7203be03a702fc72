/** Describes the API for programs: OpenAPI 3.1, made only from the declared operations. */

import { Type } from 'typebox';
import packageJson from '../../../package.json' with { type: 'json' };
import { operations } from './api.ts';
import { errorCodes, refusalReasons, statusOf, statusOfReason, type RefusalCode } from '../error-codes.ts';
import { exampleOf } from './example.ts';
import { refusalsOf, roleOf, tagMeanings, type Operation } from '../operation.ts';
import { Refusal } from '../refusal.ts';
import { choice } from '../values.ts';

type Json = Record<string, unknown>;

const json = 'application/json';

/** The schemas that the document defines once and refers to. */
interface Components {
  schemas: Json;
  responses: Json;
}

const intro = `What operators may ask of the hub, over its admin listener and, without a login, over the socket in
its data folder. Times are Unix milliseconds on the hub's clock. A refusal names its code, what is wrong, and where a
field is at fault the field and the rule.`;

/** The document, of every operation that is declared. */
export function openApiDocument(): Json {
  const components: Components = { schemas: {}, responses: {} };
  const paths: Record<string, Json> = {};
  for (const operation of operations) {
    const path = (paths[operation.path] ??= {});
    path[operation.method.toLowerCase()] = described(operation, components);
  }
  const used = new Set(operations.map(({ tag }) => tag));
  return {
    openapi: '3.1.0',
    info: {
      title: 'Device hub',
      description: intro.replaceAll('\n', ' '),
      version: packageJson.version,
      license: { name: packageJson.license, identifier: packageJson.license },
    },
    servers: [{ url: '/', description: 'the admin listener of the hub' }],
    tags: Object.entries(tagMeanings)
      .filter(([name]) => used.has(name as Operation['tag']))
      .map(([name, description]) => ({ name, description })),
    paths,
    components: {
      schemas: sorted(components.schemas),
      responses: sorted(components.responses),
      securitySchemes,
    },
  };
}

/** The name of the cookie of a console session. */
export const sessionCookie = 'hub_session';
export const csrfHeader = 'x-csrf-token';

const securitySchemes = {
  token: {
    type: 'http',
    scheme: 'bearer',
    description: 'A token of a program: `device-hub token add`, or POST /api/v1/operators/tokens.',
  },
  session: {
    type: 'apiKey',
    in: 'cookie',
    name: sessionCookie,
    description: 'The session of a person, from POST /api/v1/login.',
  },
  csrf: {
    type: 'apiKey',
    in: 'header',
    name: csrfHeader,
    description: 'With a session, every change also carries the `csrf` of the answer to its login.',
  },
};

function described(operation: Operation, components: Components): Json {
  const { schemas } = components;
  const { id, tag, summary, description, params, query, headers, body, bodyMedia = json, method } = operation;
  const role = roleOf(operation);
  const parameters = [
    ...parametersOf(params, 'path', schemas),
    ...parametersOf(query, 'query', schemas),
    ...parametersOf(headers, 'header', schemas),
  ];
  const rights = role === 'nobody' ? 'Needs no login.' : `Needs the role ${role}.`;
  return {
    operationId: id,
    tags: [tag],
    summary,
    description: description === undefined ? rights : `${description} ${rights}`,
    security: securityOf(role, method),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: {
              [bodyMedia]: withExample(optional(plain(body)), schemas),
            },
          },
        }),
    responses: { ...answersOf(operation, schemas), ...refusedBy(operation, components) },
  };
}

function securityOf(role: string, method: string): Json[] {
  if (role === 'nobody') return [];
  return [{ token: [] }, method === 'GET' ? { session: [] } : { session: [], csrf: [] }];
}

interface ObjectSchema extends Json {
  properties?: Record<string, Json>;
  required?: string[];
}

function parametersOf(declared: object | undefined, place: string, schemas: Json): Json[] {
  if (declared === undefined) return [];
  const { properties = {}, required = [] } = plain(declared);
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: place,
    required: required.includes(name) && !('default' in schema),
    ...(description === undefined ? {} : { description }),
    schema: reference(schema, schemas),
  }));
}

function answersOf({ answers, meanings = {}, secret, media = json }: Operation, schemas: Json): Json {
  return Object.fromEntries(
    Object.entries(answers).map(([status, answer]) => {
      const description = meanings[Number(status)] ?? meaningOfStatus[status] ?? 'Done.';
      const schema = plain(answer);
      if (schema['type'] === 'void') return [status, { description }];
      const kept = secret ? ' It holds a secret that is shown this once, and may not be cached.' : '';
      return [
        status,
        {
          description: `${description}${kept}`,
          content: { [media]: withExample(schema, schemas) },
        },
      ];
    }),
  );
}

const meaningOfStatus: Readonly<Record<string, string>> = {
  '200': 'Done.',
  '201': 'Made.',
  '202': 'Taken: it is in the journal, and will be done.',
  '204': 'Done.',
};

/** The refusals of an operation, by status. Refusals that several operations share are among the components. */
function refusedBy(operation: Operation, { schemas, responses }: Components): Json {
  const byStatus = new Map<number, Example[]>();
  const note = (status: number, example: Example): void => {
    byStatus.set(status, [...(byStatus.get(status) ?? []), example]);
  };
  for (const code of refusalsOf(operation)) {
    if (code !== 'command-refused') note(statusOf(code), refusalExample(code));
    else {
      for (const [reason, { meaning }] of Object.entries(refusalReasons))
        note(statusOfReason(reason), refusalExample(code, { reason, meaning }));
    }
  }
  return Object.fromEntries(
    [...byStatus].map(([status, examples]) => {
      const codes = [...new Set(examples.map(({ value }) => value.error.code))];
      const name = `${status}.${codes.join('.')}`;
      responses[name] ??= refused(status, codes, examples, schemas);
      return [status, { $ref: `#/components/responses/${name}` }];
    }),
  );
}

function refused(status: number, codes: RefusalCode[], examples: Example[], schemas: Json): Json {
  const { properties } = Refusal.properties.error;
  const error = Type.Object({ ...properties, code: choice(codes) });
  return {
    description: examples.map(({ name, summary }) => `\`${name}\`: ${summary}.`).join(' '),
    ...(status === 401 ? { headers: challenge } : {}),
    content: {
      [json]: {
        schema: reference(plain(Type.Object({ error })), schemas),
        examples: Object.fromEntries(examples.map(({ name, summary, value }) => [name, { summary, value }])),
      },
    },
  };
}

const challenge = {
  'www-authenticate': { description: 'Bearer (RFC 6750 §3)', schema: { type: 'string' } },
};

interface Example {
  name: string;
  summary: string;
  value: Refusal;
}

function refusalExample(code: RefusalCode, because?: { reason: string; meaning: string }): Example {
  const { meaning } = errorCodes[code];
  if (because === undefined)
    return { name: code, summary: meaning, value: { error: { code, message: meaning } } };
  const { reason, meaning: why } = because;
  const error = { code, message: `${meaning}: ${why}`, details: { reason } } as Refusal['error'];
  return { name: `${code}.${reason}`, summary: why, value: { error } };
}

/** The schema of a body, and an example of it. */
function withExample(schema: ObjectSchema, schemas: Json): Json {
  return { schema: reference(schema, schemas), example: exampleOf(schema) };
}

/** The schema as plain JSON, without members of the library. */
function plain(schema: object): ObjectSchema {
  return JSON.parse(JSON.stringify(schema)) as ObjectSchema;
}

/** A field of a request that has a default may be left out. */
function optional(schema: ObjectSchema): ObjectSchema {
  const { properties, required } = schema;
  if (properties === undefined || required === undefined) return schema;
  const demanded = required.filter((name) => !('default' in (properties[name] ?? {})));
  return { ...schema, required: demanded };
}

/** The schema with every named one in it moved to the components. */
function reference(schema: Json, schemas: Json): Json {
  const inner = mapped(schema, (value, keyword) => {
    if (annotations.has(keyword)) return value;
    // The keys are names of fields, and a field may have the name of a keyword.
    if (keyword === 'properties') return mapped(value as Json, (field) => inside(field, schemas));
    return inside(value, schemas);
  });
  const { title, ...unnamed } = inner;
  if (typeof title !== 'string') return unnamed;
  const known = schemas[title];
  if (known !== undefined && JSON.stringify(known) !== JSON.stringify(inner)) {
    throw new Error(`two schemas of the API are called ${title}`);
  }
  schemas[title] = inner;
  return { $ref: `#/components/schemas/${title}` };
}

/** Their values are data, not schemas. */
const annotations = new Set(['examples', 'default', 'enum', 'const', 'required', 'title', 'description']);

function inside(value: unknown, schemas: Json): unknown {
  if (Array.isArray(value)) return value.map((item) => inside(item, schemas));
  if (typeof value !== 'object' || value === null) return value;
  return reference(value as Json, schemas);
}

function mapped(object: Json, map: (value: unknown, key: string) => unknown): Json {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value, key)]));
}

function sorted(schemas: Json): Json {
  return Object.fromEntries(Object.entries(schemas).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
