/** The web console's files, on the admin listener: no login is needed for them. */

import fastifyStatic from '@fastify/static';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';

const missing = `<!doctype html>
<html lang="en">
<title>Device hub</title>
<h1>The console is not built</h1>
<p>Run <code>npm run build:console</code> in the hub's folder, then load this page again.</p>
</html>
`;

/** Vite names them by their content. */
const assets = '/assets/';

/**
 * Adds the console to `app`: its files, and its one page at every path that is neither theirs nor the API's.
 * @param dir where it is built to; may come later
 */
export function serveConsole(app: FastifyInstance, dir: string): void {
  void app.register(fastifyStatic, { root: dir, serve: false, cacheControl: false });
  app.get<{ Params: { '*': string } }>('/*', { config: { needs: 'nobody' } }, (request, reply) => {
    const path = `/${request.params['*']}`;
    if (path === '/api' || path.startsWith('/api/')) return reply.callNotFound();
    if (path.startsWith(assets)) {
      return reply.header('cache-control', 'public, max-age=31536000, immutable').sendFile(path);
    }
    reply.header('cache-control', 'no-cache');
    if (path.slice(path.lastIndexOf('/')).includes('.')) return reply.sendFile(path);
    if (existsSync(join(dir, 'index.html'))) return reply.sendFile('index.html');
    return reply.code(503).type('text/html; charset=utf-8').send(missing);
  });
}
