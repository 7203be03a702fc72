/** The operators' API described by itself: OpenAPI 3.1, made from the schemas of the routes. */

import { fastifySwagger } from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import packageJson from '../../../package.json' with { type: 'json' };

/** Serves `/api/v1/openapi.json`. Call it before the routes are added: those added earlier are not in it. */
export async function describeApi(app: FastifyInstance): Promise<void> {
  await app.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Device hub',
        description: 'What operators may ask of the hub. Times are Unix milliseconds on its clock.',
        version: packageJson.version,
        license: { name: packageJson.license, identifier: packageJson.license },
      },
    },
  });
  app.get('/api/v1/openapi.json', { schema: { hide: true } }, () => app.swagger());
}
