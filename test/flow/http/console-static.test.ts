import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fastify, type FastifyInstance } from 'fastify';
import { serveConsole } from '../../../hub/adapters/http/console-files.ts';
import { startInProcessHub } from '../../helpers/hubs/in-process-hub.ts';
import { temporaryFolder } from '../../helpers/services/guard.ts';

/** The console's files. */

function serve(t: TestContext): { app: FastifyInstance; dir: string } {
  const folder = temporaryFolder('console');
  const app = fastify();
  t.after(async () => {
    await app.close();
    folder.remove();
  });
  const dir = join(folder.path, 'dist');
  serveConsole(app, dir);
  return { app, dir };
}

test('a console that is not built says how to build it, and is there once it is', async (t) => {
  const { app, dir } = serve(t);
  const missing = await app.inject('/');
  assert.equal(missing.statusCode, 503);
  assert.match(missing.body, /npm run build:console/);
  mkdirSync(join(dir, 'assets'), { recursive: true });
  writeFileSync(join(dir, 'index.html'), '<title>Console</title>');
  writeFileSync(join(dir, 'assets', 'app-1a2b.js'), 'start();');
  writeFileSync(join(dir, 'icon.svg'), '<svg/>');
  for (const path of ['/', '/devices/d-1?range=1h', '/hub']) {
    const page = await app.inject(path);
    assert.deepEqual([page.statusCode, page.body], [200, '<title>Console</title>'], path);
    assert.equal(page.headers['cache-control'], 'no-cache');
    assert.match(String(page.headers['content-type']), /^text\/html/);
  }
  const script = await app.inject('/assets/app-1a2b.js');
  assert.equal(script.headers['cache-control'], 'public, max-age=31536000, immutable');
  assert.match(String(script.headers['content-type']), /javascript/);
  assert.equal((await app.inject('/icon.svg')).body, '<svg/>');
  assert.equal((await app.inject('/assets/gone.js')).statusCode, 404);
  writeFileSync(join(dir, '..', 'outside.txt'), 'outside');
  for (const path of [
    '/../outside.txt',
    '/%2e%2e/outside.txt',
    '/assets/..%2f..%2foutside.txt',
    '/..%5coutside.txt',
  ]) {
    const outside = await app.inject(path);
    assert.ok([400, 403, 404].includes(outside.statusCode), `${path}: ${outside.statusCode} ${outside.body}`);
  }
});

test('the pages are served without a login, with a policy that lets nothing in, and the API is not hidden by them', async (t) => {
  const { hub } = await startInProcessHub(t);
  const page = await fetch(`${hub.adminUrl}/devices/d-1`);
  assert.match(page.headers.get('content-type') ?? '', /^text\/html/);
  const policy = page.headers.get('content-security-policy') ?? '';
  assert.match(policy, /style-src 'self'(;|$)/);
  assert.match(policy, /script-src 'self'(;|$)/);
  assert.doesNotMatch(policy, /unsafe|https:|\*/);
  assert.equal((await fetch(`${hub.adminUrl}/api/v1/devices`)).status, 401);
  const nowhere = await fetch(`${hub.adminUrl}/api/v1/nowhere`);
  assert.equal(nowhere.status, 404);
  assert.match(await nowhere.text(), /"code":"path-unknown"/);
  assert.equal((await fetch(`${hub.adminUrl}/nowhere`, { method: 'POST' })).status, 404);
});
