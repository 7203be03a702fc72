import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { spawnGuarded, temporaryFolder, type TemporaryFolder } from '../../helpers/services/guard.ts';
import { spawnHub } from '../../helpers/services/process.ts';
import { waitFor } from '../../helpers/wait-for.ts';

/** What `npm pack` makes, installed as an administrator does: `npm install FILE` in an empty folder. */

const root = fileURLToPath(new URL('../../..', import.meta.url));
const run = promisify(execFile);

let folder: TemporaryFolder;
/** The empty folder it was installed in. */
let home: string;
let installed: string;
/** What `npm pack` made. */
let packed: string;

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
  packed = join(folder.path, file);
  await npm(['install', ...quiet, ...patience, packed], home);
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
  const licenses = readFileSync(join(installed, 'dist/dashboards/console/dist/licenses.md'), 'utf8');
  assert.match(licenses, /preact/, 'the libraries in the bundle of the console come with their licences');
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

test('its demo runs in an empty folder: a hub and 25 devices, some with trouble, and words for the package', async (t) => {
  const folderOfDemo = join(folder.path, 'demo');
  mkdirSync(folderOfDemo);
  const anyPort = '127.0.0.1:0';
  const env = {
    ...cleanEnvironment(),
    HUB_DEVICE_LISTEN: anyPort,
    HUB_ADMIN_LISTEN: anyPort,
    HUB_BROKER_LISTEN: anyPort,
  };
  const bin = join(home, 'node_modules', '.bin', 'device-hub');
  const demo = await spawnGuarded(bin, ['demo', '--trouble'], env, folderOfDemo);
  t.after(() => demo.end('SIGTERM'));
  await waitFor(() => /devices online 2[45]\/25/.test(demo.output()), {
    // One of them flaps.
    what: 'the devices of the demo are online',
    timeoutMs: 60_000,
  });
  assert.match(demo.output(), /HUB_DATA_DIR=var\/demo npx device-hub device list/);
  const options = { cwd: folderOfDemo, env: { ...env, HUB_DATA_DIR: 'var/demo' } };
  const listed = async (...args: string[]): Promise<string> =>
    (await run(bin, [...args, '--json'], options)).stdout;
  await waitFor(async () => /"device":"valve-2"/.test(await listed('alarm', 'list')), {
    what: 'the alarm of the leak',
    timeoutMs: 30_000,
    everyMs: 500,
  });
  await waitFor(async () => /flapping.*env-18|env-18.*flapping/.test(await listed('incident', 'list')), {
    what: 'the incident of the flapping device',
    timeoutMs: 60_000,
    everyMs: 500,
  });
  assert.deepEqual(await demo.end('SIGTERM'), { code: 0, signal: null });
});

/** `/` as it is, and a layer above it that takes every change: what a maintainer script does to the system, it does there. */
async function disposableRoot(t: TestContext): Promise<(script: string) => Promise<string>> {
  const layers = temporaryFolder('root');
  // An overlay cannot lie on another one, which a container's own disk may be.
  await run('mount', ['-t', 'tmpfs', 'tmpfs', layers.path]);
  const at = (name: string): string => join(layers.path, name);
  for (const name of ['upper', 'work', 'root']) mkdirSync(at(name));
  const options = `lowerdir=/,upperdir=${at('upper')},workdir=${at('work')}`;
  await run('mount', ['-t', 'overlay', 'overlay', '-o', options, at('root')]);
  await run('mount', ['-t', 'proc', 'proc', at('root/proc')]);
  t.after(async () => {
    await run('umount', [at('root/proc')]);
    await run('umount', [at('root')]);
    await run('umount', [layers.path]);
    layers.remove();
  });
  return async (script) => {
    const { stdout, stderr } = await run('chroot', [at('root'), '/bin/sh', '-ec', script], {
      cwd: '/',
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
      timeout: 90_000,
    });
    return stdout + stderr;
  };
}

test('its Debian package is installed, upgraded with its data, removed without losing it, and purged', async (t) => {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/dpkg-deb')) {
    t.diagnostic('this needs Debian and root: the Debian package was not tried');
    return;
  }
  const script = join(root, 'packaging/debian/build-deb.sh');
  const env = { ...cleanEnvironment(), DEB_VERSION: '0.1.0', DEB_COMPRESS: 'none', NODE: process.execPath };
  const built = await run(script, [packed], { cwd: folder.path, env, timeout: 110_000 });
  const first = built.stdout.trim();
  // The next version is the same package under another number.
  const [second, content] = [join(folder.path, 'next.deb'), join(folder.path, 'next')];
  await run('dpkg-deb', ['--raw-extract', first, content]);
  const control = join(content, 'DEBIAN/control');
  const fields = readFileSync(control, 'utf8');
  // apt would install it too, and it would have the port of the hub's own broker at each start of the machine.
  assert.doesNotMatch(fields, /^(Depends|Recommends):.*mosquitto/m, 'the package brings no other broker');
  writeFileSync(control, fields.replace('Version: 0.1.0', 'Version: 0.1.0+1'));
  await run('dpkg-deb', ['--root-owner-group', '-Znone', '--build', content, second]);
  const inside = await disposableRoot(t);
  const asHub = (args: string): string =>
    `cd / && runuser -u device-hub -- device-hub --data-dir /var/lib/device-hub ${args}`;

  await inside(`dpkg --install ${first}`);
  assert.match(
    await inside('grep "^fastify " /usr/share/doc/device-hub/licenses.txt'),
    /^fastify \d.*: MIT$/m,
  );
  assert.equal(await inside('stat -c "%U %a" /var/lib/device-hub'), 'device-hub 700\n');
  assert.equal(await inside('stat -c "%U %a" /etc/device-hub/hub.env'), 'root 600\n');
  assert.match(
    await inside('cat /lib/systemd/system/device-hub.service'),
    /^ExecStart=\/usr\/bin\/device-hub start$/m,
  );
  const added = await inside(asHub('device add d-1 --type env-sensor@1 --json'));
  assert.match(added, /"secret"/);
  const completed = `. /usr/share/bash-completion/completions/device-hub && complete -p device-hub`;
  assert.match(await inside(`bash -c '${completed}'`), /complete .*device-hub/);
  await inside('echo HUB_LOG_LEVEL=debug >> /etc/device-hub/hub.env');

  await inside(`dpkg --install ${second}`);
  assert.match(await inside('dpkg-query -W -f "\\${Version}" device-hub'), /^0\.1\.0\+1$/);
  assert.match(await inside(asHub('device list --json')), /"id":"d-1"/, 'an upgrade keeps the devices');
  assert.match(await inside('cat /etc/device-hub/hub.env'), /HUB_LOG_LEVEL=debug/, 'and the settings');

  await inside('dpkg --remove device-hub');
  assert.equal(
    await inside('test ! -e /usr/bin/device-hub && ls /var/lib/device-hub | grep state.db$'),
    'state.db\n',
  );
  await inside(`dpkg --install ${second}`);
  assert.match(await inside(asHub('device list --json')), /"id":"d-1"/, 'a removal keeps the data');
  const unit = '/etc/systemd/system/multi-user.target.wants/device-hub.service';
  await inside(`test -L ${unit} && test ! -e /etc/systemd/system/device-hub.service`);

  await inside('dpkg --purge device-hub');
  const left = `{ ls -d /var/lib/device-hub /etc/device-hub /usr/lib/device-hub ${unit} 2>/dev/null; getent passwd device-hub; }`;
  assert.equal(await inside(`${left} || true`), '', 'a purge leaves nothing');
});
