import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import packageJson from '../../../package.json' with { type: 'json' };
import sdkJson from '../../../sdk/typescript/package.json' with { type: 'json' };
import { checkTypes, installSdk, readmeCode } from '../../helpers/sdk/typescript-package.ts';
import { startInProcessHub } from '../../helpers/hubs/in-process-hub.ts';
import { launchChromium } from '../../helpers/services/chromium.ts';
import { spawnGuarded, temporaryFolder, type TemporaryFolder } from '../../helpers/services/guard.ts';
import { spawnHub } from '../../helpers/services/process.ts';
import { waitFor } from '../../helpers/wait-for.ts';

/** The package of the TypeScript SDK, installed outside of the checkout, and the code of its README. */

let folder: TemporaryFolder;
let home: string;

before(() => {
  folder = temporaryFolder('sdk-ts');
  home = installSdk(folder.path);
});

after(() => folder?.remove());

function linesOf(code: string): number {
  return code.split('\n').filter((line) => line.trim() !== '').length;
}

/** A server for the files of the folder. @returns its origin */
async function serve(t: TestContext, path: string): Promise<string> {
  const types: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript' };
  const server = createServer(({ url = '/' }, response) => {
    const file = join(path, url === '/' ? 'index.html' : url);
    // A browser asks for an icon by itself.
    if (!existsSync(file)) response.writeHead(404).end();
    else response.setHeader('Content-Type', types[extname(file)] ?? 'text/plain').end(readFileSync(file));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('the package has what runs with its types, the version of the project, and names no machine', () => {
  assert.equal(sdkJson.version, packageJson.version);
  assert.equal(sdkJson.dependencies.ws, packageJson.dependencies.ws);
  const installed = join(home, 'node_modules/device-hub-sdk');
  const files = readdirSync(installed, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(installed, name)).isFile())
    .toSorted();
  for (const name of ['README.md', 'LICENSE', 'package.json']) assert.ok(files.includes(name), name);
  for (const name of files.filter((file) => file.endsWith('.js')))
    assert.ok(files.includes(name.replace(/js$/, 'd.ts')), `${name} has types`);
  const strange = files.filter(
    (name) => !/^(README\.md|LICENSE|package\.json|dist\/.*\.(js|d\.ts))$/.test(name),
  );
  assert.deepEqual(strange, []);
  // Of the contracts it has only what needs no library, such as a validator.
  const libraries = files
    .filter((name) => name.startsWith('dist/'))
    .flatMap((name) => [...readFileSync(join(installed, name), 'utf8').matchAll(/ from '([^.'][^']*)'/g)])
    .map(([, library]) => library ?? '')
    .filter((library) => !library.startsWith('node:'));
  assert.deepEqual([...new Set(libraries)], ['ws']);
  for (const name of files)
    assert.ok(!readFileSync(join(installed, name), 'utf8').includes(folder.path), name);
});

test('its types are those of a strict program, and a wrong name is a fault', () => {
  const code = (call: string): string =>
    `import { begin, type Settlement } from 'device-hub-sdk';
     const device = await begin({ url: 'wss://hub:8443/v1/device', id: 'd-1', secret: 's', type: 'env-sensor@1' });
     device.on('nack', ({ errors }) => errors?.map(({ path }) => path.length));
     const settled: Settlement = await device.${call}('env', { temperature: 21.5 });
     export { settled };`;
  writeFileSync(join(home, 'right.mts'), code('measure'));
  checkTypes(home, 'right.mts');
  writeFileSync(join(home, 'wrong.mts'), code('mesure'));
  assert.throws(() => checkTypes(home, 'wrong.mts'));
});

test('the code of the README for Node gets its first readings stored, in at most 40 lines', async (t) => {
  const hub = await spawnHub();
  t.after(() => hub.close());
  const { stdout } = await hub.cli(['device', 'add', 'd-1', '--type', 'env-sensor@1', '--json']);
  const { secret } = JSON.parse(stdout) as { secret: string };
  const { port } = new URL(hub.deviceUrl);
  const code = readmeCode('js', {
    ':8443': `:${port}`,
    '../var/tls/ca.crt': join(hub.dataDir, 'tls/ca.crt'),
  });
  assert.ok(linesOf(code) <= 40);
  writeFileSync(join(home, 'sensor.mjs'), code);
  const env = { ...process.env, SECRET: secret };
  const child = await spawnGuarded(process.execPath, ['sensor.mjs'], env, home);
  t.after(() => child.end('SIGKILL'));
  await waitFor(() => child.output().includes('stored'), { what: 'a reading is stored', timeoutMs: 10_000 });
  const found = await hub.cli(['readings', 'd-1', 'env', '--json']);
  assert.match(found.stdout, /21\.5/);
});

test('the page of the README gets its first reading stored, in at most 40 lines', async (t) => {
  const origin = await serve(t, home);
  const hub = await startInProcessHub(t, { HUB_ALLOWED_ORIGINS: origin });
  await hub.add(['d-1']);
  const { secret } = hub.device('d-1');
  const code = readmeCode('html', {
    'wss://localhost:8443/v1/device': hub.hub.deviceUrl,
    "'SECRET'": `'${secret}'`,
  });
  assert.ok(linesOf(code) <= 40);
  writeFileSync(join(home, 'index.html'), code);
  const browser = await launchChromium();
  t.after(() => browser.close());
  const page = await browser.newPage();
  page.setDefaultTimeout(10_000);
  await page.goto(origin);
  await page.getByText('stored').waitFor();
  // The same in binary frames.
  writeFileSync(join(home, 'index.html'), code.replace("state: 'd-1'", 'cbor: true'));
  const binary = page.waitForEvent('websocket');
  await page.reload();
  const frames = await (await binary).waitForEvent('framesent');
  assert.ok(Buffer.isBuffer(frames.payload));
  await page.getByText('stored').waitFor();
});
