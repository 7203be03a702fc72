/** `openapi`: the description of the HTTP API, for programs that make a client of it. */

import type { Command } from 'commander';
import type { CliDeps } from '../cli-deps.ts';

export function addOpenApi(program: Command, deps: CliDeps): void {
  program
    .command('openapi')
    .description("print the HTTP API's OpenAPI 3.1 document, to generate a client from; needs no running hub")
    .action(async () => {
      // Loaded when asked for: the other sub-commands need no schemas of answers.
      const { openApiDocument } = await import('../../../schemas/api/document/openapi.ts');
      deps.out(`${JSON.stringify(openApiDocument(), undefined, 2)}\n`);
    });
}
