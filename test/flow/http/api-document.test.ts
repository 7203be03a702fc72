import assert from 'node:assert/strict';
import diagnostics from 'node:diagnostics_channel';
import { join } from 'node:path';
import { test } from 'node:test';
import type { FastifyInstance } from 'fastify';
import { callHub } from '../../../hub/cli/admin-client.ts';
import { openApiDocument } from '../../../schemas/api/document/openapi.ts';
import { startInProcessHub } from '../../helpers/hubs/in-process-hub.ts';
import { withToken } from '../../helpers/hubs/operators.ts';

/** The API's document says what the hub serves, and nothing else. */

/** Notes the routes of every HTTP server that is made from here on, one set a server. */
function watchRoutes(): readonly Set<string>[] {
  const servers: Set<string>[] = [];
  diagnostics.subscribe('fastify.initialization', (message) => {
    const routes = new Set<string>();
    servers.push(routes);
    const { fastify } = message as { fastify: FastifyInstance };
    fastify.addHook('onRoute', ({ method, url }) => {
      // Fastify adds a HEAD to each GET. The console's pages are at every other path.
      for (const one of [method].flat()) {
        if (one !== 'HEAD' && !url.endsWith('*')) routes.add(`${one} ${url.replaceAll(/:(\w+)/g, '{$1}')}`);
      }
    });
  });
  return servers;
}

test('each route of both listeners is in the document, and each operation of the document is served', async (t) => {
  const servers = watchRoutes();
  const hub = await startInProcessHub(t);
  const { paths } = openApiDocument() as { paths: Record<string, object> };
  const described = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  // A login over the socket, which needs none, would be of no use.
  const onSocket = described.filter(
    (route) => !/ \/api\/v1\/(login|first-login|screen-login|sign-in-ways|logout|me(\/.*)?)$/.test(route),
  );
  const listeners = servers.filter(({ size }) => size > 10);
  assert.deepEqual(
    listeners.map((routes) => [...routes].toSorted()).toSorted((a, b) => b.length - a.length),
    [described.toSorted(), onSocket.toSorted()],
  );

  const declared = JSON.parse(JSON.stringify(openApiDocument())) as unknown;
  const viewer = await withToken(hub, 'viewer');
  assert.deepEqual((await viewer.get('/openapi.json')).body, declared);
  const socket = join(hub.dataDir, 'hub.sock');
  assert.deepEqual(await callHub(socket, 'GET', '/api/v1/openapi.json', undefined), declared);
});
