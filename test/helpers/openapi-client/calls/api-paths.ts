/**
 * The API as its operations are declared, in the shape in which `openapi-typescript` writes types. The test that
 * generates a client puts what it generated from the document in place of this file, and compiles the calls again.
 */

import type { AnswerTo, ApiRoute, RequestTo } from '../../../../schemas/api/document/api.ts';
import type { Refusal } from '../../../../schemas/api/refusal.ts';

type PathOf<Route> = Route extends `${string} ${infer Path}` ? Path : never;
type MethodsAt<Path extends string> = ApiRoute extends infer Route
  ? Route extends `${infer Method} ${Path}`
    ? Method
    : never
  : never;

/** As generated types are; the client's own types take no others. */
type Writable<Value> = Value extends readonly (infer Item)[]
  ? Writable<Item>[]
  : Value extends object
    ? { -readonly [Key in keyof Value]: Writable<Value[Key]> }
    : Value;

interface Json<Content> {
  content: { 'application/json': Writable<Content> };
}

type PathParams<Given> = Given extends { readonly params: infer Params }
  ? { path: Params }
  : { path?: never };

type Query<Given> = Given extends { readonly query: infer Values }
  ? { query: Values }
  : 'query' extends keyof Given
    ? { query?: Given['query'] }
    : { query?: never };

/** A body is sent even where all of its members may be left out. */
type Body<Given> = 'body' extends keyof Given
  ? { requestBody: Json<Exclude<Given['body'], undefined>> }
  : { requestBody?: never };

type OperationAt<Route extends ApiRoute> = {
  parameters: PathParams<RequestTo<Route>> &
    Query<RequestTo<Route>> & { header?: { 'idempotency-key'?: string; 'if-match'?: string } };
  responses: { 200: Json<AnswerTo<Route>>; 500: Json<Refusal> };
} & Body<RequestTo<Route>>;

export type paths = {
  [Path in PathOf<ApiRoute>]: {
    [Method in MethodsAt<Path> as Lowercase<Method>]: OperationAt<Extract<`${Method} ${Path}`, ApiRoute>>;
  };
};
