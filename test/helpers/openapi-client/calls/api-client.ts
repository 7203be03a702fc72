import createClient, { type Client } from 'openapi-fetch';
import type { paths } from './api-paths.ts';

export type ApiClient = Client<paths>;

/** What came of one request. */
export interface Answered {
  readonly request: Request;
  readonly response: Response;
  /** As the document has it: `/api/v1/devices/{id}`. */
  readonly path: string;
}

/** @param answered called with every answer; what it throws fails the request */
export function apiClient(
  baseUrl: string,
  headers: Readonly<Record<string, string>>,
  answered: (answer: Answered) => Promise<void>,
): ApiClient {
  const client = createClient<paths>({ baseUrl, headers });
  client.use({
    async onResponse({ request, response, schemaPath }) {
      await answered({ request, response: response.clone(), path: schemaPath });
      return undefined;
    },
  });
  return client;
}
