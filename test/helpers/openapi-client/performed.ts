import assert from 'node:assert/strict';
import type { Answered } from './calls/api-client.ts';
import type { DocumentCheck, Route } from './document-check.ts';

/** Which operations were performed, each answer held against the document as it comes. */
export class Performed {
  readonly #check: DocumentCheck;
  readonly #statuses = new Map<string, Set<number>>();

  constructor(check: DocumentCheck) {
    this.#check = check;
  }

  /** Fails when the document does not describe this answer, or describes another. */
  async answered({ request: { method }, response, path }: Answered): Promise<void> {
    const route = this.#check.routes.find((one) => one.method === method && one.path === path);
    assert.ok(route !== undefined, `${method} ${path} is not in the document`);
    const [media = ''] = (response.headers.get('content-type') ?? '').split(';');
    const text = await response.text();
    this.answer(route, response.status, media === 'application/json' ? JSON.parse(text) : text, media);
  }

  answer(route: Route, status: number, body: unknown, media = 'application/json'): void {
    const { operationId } = route.operation;
    const content = this.#check.contentOf(route, status);
    if (content === undefined) assert.equal(body, '', `${operationId} answers ${status} without a body`);
    else {
      const schema = content[media]?.schema;
      assert.ok(schema !== undefined, `${operationId} answers ${status} with ${media}`);
      this.#check.fits(schema, body, `${operationId}, ${status}`);
    }
    this.#statuses.set(operationId, (this.#statuses.get(operationId) ?? new Set()).add(status));
  }

  /** Operations of the document that did not do what they are for. */
  neverDone(): readonly string[] {
    return this.#missing((status) => status < 400);
  }

  /** Operations that can be refused by the document, and were not. */
  neverRefused(): readonly string[] {
    return this.#missing((status) => status >= 400 && status < 500);
  }

  #missing(wanted: (status: number) => boolean): readonly string[] {
    return this.#check.routes
      .filter(({ operation: { operationId, responses } }) => {
        const seen = [...(this.#statuses.get(operationId) ?? [])];
        return Object.keys(responses).map(Number).some(wanted) && !seen.some(wanted);
      })
      .map(({ operation }) => operation.operationId);
  }
}
