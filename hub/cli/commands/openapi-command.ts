/** `openapi` and `asyncapi`: the descriptions of the interfaces, for programs that make clients and pages of them. */

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

export function addAsyncApi(program: Command, deps: CliDeps): void {
  program
    .command('asyncapi')
    .description(
      'print the AsyncAPI 3 document of the device protocol and the MQTT topics; needs no running hub',
    )
    .action(async () => {
      const { asyncApiDocument } = await import('../../../schemas/api/document/asyncapi.ts');
      deps.out(`${JSON.stringify(asyncApiDocument(), undefined, 2)}\n`);
    });
}
