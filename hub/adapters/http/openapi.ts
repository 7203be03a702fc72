/** The operators' API described by itself. */

import { fastifySwagger } from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { openApiDocument } from '../../../schemas/api/openapi.ts';

/** Serves `/api/v1/openapi.json`. Call it before the routes are added: those added earlier are not in it. */
export async function describeApi(app: FastifyInstance): Promise<void> {
  await app.register(fastifySwagger, { openapi: { openapi: '3.1.0' } });
  const { paths, ...declared } = openApiDocument();
  app.get('/api/v1/openapi.json', { schema: { hide: true } }, () => ({
    ...declared,
    paths: merged(app.swagger().paths ?? {}, paths as Record<string, object>),
  }));
}

/** The paths of the operations that are declared, and of the routes that are not yet. */
function merged(found: object, declared: Record<string, object>): Record<string, object> {
  const paths: Record<string, object> = { ...found };
  for (const [path, methods] of Object.entries(declared)) paths[path] = { ...paths[path], ...methods };
  return paths;
}
