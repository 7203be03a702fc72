import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { temporaryFolder, type TemporaryFolder } from '../../helpers/services/guard.ts';
import { spawnHub } from '../../helpers/services/process.ts';

/** What `npm pack` makes, installed as an administrator does: `npm install FILE` in an empty folder. */

const root = fileURLToPath(new URL('../../..', import.meta.url));
const run = promisify(execFile);

let folder: TemporaryFolder;
/** The empty folder it was installed in. */
let home: string;
let installed: string;

/** Our environment without what npm told the script we run in: it would take our folder for its own. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const ours = /^(npm_(package|lifecycle|command|config_local_prefix|config_prefix)|INIT_CWD|HUB_)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name)));
}

async function npm(args: readonly string[], cwd: string): Promise<string> {
  try {
    return (await run('npm', args, { cwd, env: cleanEnvironment(), timeout: 90_000 })).stdout;
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : '';
    const late = error instanceof Error && 'killed' in error && error.killed === true;
    const away = late || /ENOTFOUND|ECONNREFUSED|ETIMEDOUT|ENOTCACHED|EAI_AGAIN/.test(said);
    const why = away
      ? 'the package registry does not answer, and not all packages are in the cache of npm'
      : '';
    throw new Error(`npm ${args[0]}: ${why}\n${said}`, { cause: error });
  }
}

/** A checkout without what was built or installed in ours: other tests use that at the same time. */
function freshSources(): string {
  const sources = join(folder.path, 'sources');
  const left = new Set(['node_modules', 'dist', 'var', 'test', 'coverage']);
  mkdirSync(sources);
  for (const name of readdirSync(root)) {
    if (left.has(name) || name.startsWith('.git') || name.endsWith('.log')) continue;
    const filter = (path: string): boolean => !left.has(basename(path));
    cpSync(join(root, name), join(sources, name), { recursive: true, filter });
  }
  symlinkSync(join(root, 'node_modules'), join(sources, 'node_modules'));
  return sources;
}

before(async () => {
  folder = temporaryFolder('package');
  home = join(folder.path, 'home');
  mkdirSync(home);
  const [file = ''] = (await npm(['pack', '--silent', '--pack-destination', folder.path], freshSources()))
    .trim()
    .split('\n')
    .slice(-1);
  const quiet = ['--prefer-offline', '--no-audit', '--no-fund'];
  // A registry that is away shall be told of at once.
  const patience = ['--fetch-retries=1', '--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=1000'];
  await npm(['install', ...quiet, ...patience, join(folder.path, file)], home);
  installed = join(home, 'node_modules', 'device-hub');
});

after(() => folder?.remove());

test('the package holds what runs, and nothing else', () => {
  const files = readdirSync(installed, { recursive: true, encoding: 'utf8' }).filter((name) =>
    statSync(join(installed, name)).isFile(),
  );
  for (const name of ['README.md', 'LICENSE', 'SECURITY.md', 'dist/schemas/device-types/env-sensor@1.json']) {
    assert.ok(files.includes(name), `${name} is in the package`);
  }
  const hasConsole = existsSync(join(root, 'dashboards/console/index.html'));
  assert.equal(files.includes('dist/dashboards/console/dist/index.html'), hasConsole);
  assert.deepEqual(
    files.filter((name) => /\.ts$|\.map$|(^|\/)(test|var)\/|\.jsonl$/.test(name)),
    [],
  );
  const naming = files.filter((name) => {
    const text = readFileSync(join(installed, name), 'utf8');
    return text.includes(root) || text.includes(folder.path);
  });
  assert.deepEqual(naming, [], 'no file names a folder of the machine it was built on');
});

test('its commands run by name, from any folder', async () => {
  const env = cleanEnvironment();
  const hub = await run('npx', ['device-hub', '--help'], { cwd: home, env });
  assert.match(hub.stdout, /Usage: device-hub/);
  const sim = await run('npx', ['device-hub-sim', '--help'], { cwd: home, env });
  assert.match(sim.stdout, /simulated devices/);
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const bin = join(home, 'node_modules', '.bin', 'device-hub');
  assert.equal((await run(bin, ['--version'], { cwd: '/', env })).stdout, `${version}\n`);
  const types = await run(bin, ['schema', 'list'], { cwd: '/', env });
  assert.match(types.stdout, /env-sensor@1/);
});

test('its hub stores what its simulated device sends, and stops in good order', async (t) => {
  const bin = (name: string): string => join(home, 'node_modules', '.bin', name);
  const hub = await spawnHub({ entry: bin('device-hub'), cwd: home });
  t.after(() => hub.close());
  const env = { ...cleanEnvironment(), HUB_DATA_DIR: hub.dataDir };
  const options = { cwd: home, env };
  const added = await run(bin('device-hub'), ['device', 'add', 'd-1', '--type', 'env-sensor@1', '--json'], {
    ...options,
  });
  const { secret } = JSON.parse(added.stdout) as { secret: string };
  const ca = join(hub.dataDir, 'tls', 'ca.crt');
  const connect = ['--url', hub.deviceUrl, '--ca', ca, '--id', 'd-1', '--secret', secret];
  const device = ['device', ...connect, '--interval', '0.2', '--duration', '2'];
  const played = await run(bin('device-hub-sim'), device, options);
  assert.match(played.stdout, /← \{"type":"ack","upTo":\d+\}/);
  const readings = await run(bin('device-hub'), ['readings', 'd-1', 'env', '--json'], options);
  assert.ok(readings.stdout.trim().split('\n').length >= 5, readings.stdout);
  assert.deepEqual(await hub.kill('SIGTERM'), { code: 0, signal: null });
});
