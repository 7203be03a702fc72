import assert from 'node:assert/strict';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { withoutMore } from '../api-check.ts';

/** The API's document, as far as a test reads it. */
export interface ApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, DescribedOperation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, object>>;
    readonly responses: Readonly<Record<string, DescribedAnswer>>;
  };
}

export interface DescribedOperation {
  readonly operationId: string;
  readonly security: readonly object[];
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required: boolean }[];
  readonly requestBody?: DescribedAnswer;
  readonly responses: Readonly<Record<string, DescribedAnswer | { readonly $ref: string }>>;
}

interface DescribedAnswer {
  readonly content?: Readonly<Record<string, MediaType>>;
}

interface MediaType {
  readonly schema: object;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}

/** One operation of the document, with its method as HTTP has it. */
export interface Route {
  readonly method: string;
  readonly path: string;
  readonly operation: DescribedOperation;
}

export interface DocumentCheck {
  readonly routes: readonly Route[];
  /** Fails when the value is not what the schema says, or has a member that it does not have. */
  fits(schema: object, value: unknown, what: string): void;
  /** The content of an answer with this status, undefined for one without a body. Fails for a status that is not described. */
  contentOf(route: Route, status: number): DescribedAnswer['content'];
}

/** Holds values against the schemas of the document. */
export function checkOf(document: ApiDocument): DocumentCheck {
  const ajv = new Ajv2020({ strict: true, strictRequired: false, allowUnionTypes: true, allErrors: true });
  const $defs = absolute(withoutMore(document.components.schemas));
  ajv.addSchema({ $id: 'https://hub/document', $defs });
  const compiled = new Map<object, ReturnType<typeof ajv.compile>>();
  return {
    routes: Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({
        method: method.toUpperCase(),
        path,
        operation,
      })),
    ),
    fits(schema, value, what) {
      const check = compiled.get(schema) ?? ajv.compile(absolute(withoutMore(schema)) as object);
      compiled.set(schema, check);
      assert.ok(check(value), `${what}: ${ajv.errorsText(check.errors)}\n${JSON.stringify(value)}`);
    },
    contentOf({ method, path, operation }, status) {
      const answer = operation.responses[status];
      assert.ok(answer !== undefined, `${method} ${path} answers ${status}, which is not in the document`);
      if (!('$ref' in answer)) return answer.content;
      const name = answer.$ref.replace('#/components/responses/', '');
      return document.components.responses[name]?.content;
    },
  };
}

/** References into the document from a schema that stands alone. */
function absolute(schema: unknown): unknown {
  return JSON.parse(
    JSON.stringify(schema).replaceAll('"#/components/schemas/', '"https://hub/document#/$defs/'),
  );
}
