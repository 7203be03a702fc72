import { operations } from '../../schemas/api/document/api.ts';
import { roleOf, tagMeanings, type Operation } from '../../schemas/api/operation.ts';
import { code, generatedNote, plain, table } from './markdown.ts';
import { memberTable } from './schema-tables.ts';

/** Every operation of the API, and the role that it takes. */
export function httpPage(): string {
  const tags = Object.entries(tagMeanings) as [Operation['tag'], string][];
  return [
    '# HTTP API',
    generatedNote('`schemas/api`'),
    'The admin listener serves these to whoever signs in or sends a token (`Authorization: Bearer …`), and `hub.sock` in the data folder without a login. Bodies and answers are JSON. `GET /api/v1/openapi.json` and `device-hub openapi` give the OpenAPI 3.1 document, with every field, example and refusal: make a client from it. [The error codes](../errors.md) have a page of their own.',
    ...tags.flatMap(([tag, about]) => {
      const own = operations.filter((operation) => operation.tag === tag);
      const rows = own.map((operation) => [
        code(operation.method),
        code(operation.path),
        roleOf(operation),
        operation.summary,
      ]);
      return rows.length === 0
        ? []
        : [
            `## ${tag}`,
            plain(about),
            table(['Method', 'Path', 'Role', 'What it does'], rows),
            ...own.flatMap(requestOf),
          ];
    }),
  ].join('\n\n');
}

/** What a request may say besides its path; nothing where it says nothing. */
function requestOf({ method, path, query, body }: Operation): string[] {
  const asked = query === undefined ? '' : memberTable(query);
  const sent = body === undefined ? '' : memberTable(body);
  if (asked === '' && sent === '') return [];
  return [
    `### ${method} ${path.replaceAll(/[{}]/g, '\\$&')}`,
    ...(asked === '' ? [] : ['Query:', asked]),
    ...(sent === '' ? [] : ['Body:', sent]),
  ];
}
