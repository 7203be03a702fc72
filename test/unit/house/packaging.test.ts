import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { stopWithinMs } from '../../../hub/cli/commands/start-command.ts';
import { releasedMs } from '../../../hub/kernel/release-date.ts';
import { readConfig } from '../../../hub/config/config.ts';
import { temporaryFolder } from '../../helpers/services/guard.ts';

/** What the files for containers and systemd say of each other and of the hub; no engine runs here to try them. */

const root = fileURLToPath(new URL('../../..', import.meta.url));
const textOf = (name: string): string => readFileSync(join(root, name), 'utf8');

interface Service {
  image?: string;
  build?: string;
  environment?: Record<string, string>;
  ports?: string[];
  volumes?: string[];
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: { test: string[] };
  stop_grace_period?: string;
  ulimits?: { nofile: number };
}

const compose = parse(textOf('compose.yaml')) as {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
};
const { services } = compose;
const dockerfile = textOf('Dockerfile');
const unit = textOf('packaging/device-hub.service');

const stopWithinSec = stopWithinMs / 1000;

function hubEnvironment(password: string): Record<string, string> {
  const given = Object.entries(services['hub']?.environment ?? {});
  return Object.fromEntries(given.map(([name, value]) => [name, value.replaceAll(/\$\{[^}]+\}/g, password)]));
}

function newEnv(t: TestContext): { folder: string; values: Map<string, string> } {
  const folder = temporaryFolder('compose');
  t.after(() => folder.remove());
  mkdirSync(join(folder.path, 'packaging'));
  const script = join(folder.path, 'packaging/new-env.sh');
  copyFileSync(join(root, 'packaging/new-env.sh'), script);
  execFileSync(script, { stdio: 'pipe' });
  const lines = readFileSync(join(folder.path, '.env'), 'utf8').split('\n');
  const pairs = lines.filter((line) => line !== '' && !line.startsWith('#'));
  return {
    folder: folder.path,
    values: new Map(pairs.map((line) => line.split('=', 2) as [string, string])),
  };
}

test('the hub of the compose file starts with what it is given, and meets the others where they are', () => {
  const { config, warnings } = readConfig({
    env: hubEnvironment('x'),
    cwd: '/app',
    isCron: () => true,
    readFile: () => assert.fail('no secret comes from a file'),
  });
  assert.deepEqual(
    warnings.filter((warning) => !warning.includes('plain text')),
    [],
    'every name is known and used',
  );
  assert.deepEqual(config.influx, {
    url: 'http://influxdb:8086',
    database: services['influxdb']?.environment?.['INFLUXDB_DB'],
    username: services['influxdb']?.environment?.['INFLUXDB_USER'],
    password: 'x',
  });
  assert.equal(config.mqtt.url, 'mqtt://mosquitto:1883');
  assert.match(textOf('packaging/mosquitto/mosquitto.conf'), /^listener 1883$/m);
  assert.match(textOf('packaging/mosquitto/acl'), new RegExp(`^user ${config.mqtt.username}$`, 'm'));
  for (const origin of config.adminOrigins)
    assert.equal(new URL(origin).port, String(config.adminListen.port));
  const published = (services['hub']?.ports ?? []).map((port) => Number(port.split(':').at(-1)));
  assert.deepEqual(published, [config.deviceListen.port, config.adminListen.port]);
  const exposed = /^EXPOSE (.*)$/m.exec(dockerfile)?.[1]?.split(' ').map(Number) ?? [];
  assert.deepEqual(exposed, [...published, config.brokerListen.port]);
  assert.ok(services['hub']?.volumes?.includes(`hub:${/HUB_DATA_DIR=(\S+)/.exec(dockerfile)?.[1]}`));
});

test('each hub of the cluster starts with what it is given, keeps its own folder, and is known to the balancer', () => {
  const cluster = parse(textOf('compose.cluster.yaml'), { merge: true, logLevel: 'error' }) as typeof compose;
  const hubs = Object.entries(cluster.services).filter(([name]) => name.startsWith('hub'));
  assert.equal(hubs.length, 3);
  // Compose joins the lists of both files, and refuses one that says a thing twice.
  assert.match(textOf('compose.cluster.yaml'), /^ {2}security_opt: !override /m);
  const balancer = textOf('packaging/cluster/haproxy.cfg');
  for (const [name, { environment = {}, volumes = [] }] of hubs) {
    const env = Object.entries({ ...services['hub']?.environment, ...environment });
    const { config, warnings } = readConfig({
      env: Object.fromEntries(env.map(([key, value]) => [key, value.replaceAll(/\$\{[^}]+\}/g, 'x')])),
      cwd: '/app',
      isCron: () => true,
      readFile: () => assert.fail('no secret comes from a file'),
    });
    assert.deepEqual(
      warnings.filter((warning) => !warning.includes('plain text')),
      [],
    );
    assert.equal(config.state?.username, cluster.services['postgres']?.environment?.['POSTGRES_USER']);
    assert.ok(volumes.includes(`${name}:/var/lib/device-hub`), name);
    const { port } = config.deviceListen;
    assert.match(balancer, new RegExp(`^  server ${name} ${name}:${port}$`, 'm'));
    assert.match(textOf('packaging/cluster/nginx.conf'), new RegExp(`server ${name}:${port} `));
  }
  const files = cluster.services['balancer']?.ulimits?.nofile ?? 0;
  assert.ok(files > 2 * Number(/maxconn (\d+)/.exec(balancer)?.[1]), 'a connection takes two');
  // It starts before the hubs have addresses, and a hub that is made anew has another one.
  const [, names = 'nothing'] = /^ {2}default-server .*\bresolvers (\w+)$/m.exec(balancer) ?? [];
  assert.match(balancer, new RegExp(`^resolvers ${names}\n {2}parse-resolv-conf$`, 'm'));
  const host = /hdr Host (\S+)/.exec(balancer)?.[1];
  assert.ok(cluster.services['hub']?.environment?.['HUB_ADMIN_ORIGINS']?.includes(`http://${host}`));
});

test('only devices are let in from other machines', () => {
  for (const [name, { ports = [] }] of Object.entries(services)) {
    for (const port of ports) {
      assert.ok(port.startsWith('127.0.0.1:') || `${name} ${port}` === 'hub 8443:8443', `${name} ${port}`);
    }
  }
});

test('every file, volume and health check the compose file counts on is there', () => {
  for (const [name, service] of Object.entries(services)) {
    assert.ok(service.image !== undefined, `${name} has an image`);
    if (service.build !== undefined) assert.ok(existsSync(join(root, service.build, 'Dockerfile')));
    for (const volume of service.volumes ?? []) {
      const [source = ''] = volume.split(':');
      if (source.startsWith('.')) assert.ok(existsSync(join(root, source)), `${name}: ${source}`);
      else assert.ok(Object.hasOwn(compose.volumes, source), `${name}: volume ${source}`);
    }
    for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) {
      assert.equal(condition, 'service_healthy');
      assert.ok(services[other]?.healthcheck !== undefined, `${other} tells its health`);
    }
  }
  assert.match(dockerfile, /^HEALTHCHECK [^]*hub\.sock[^]*\/livez/m);
  for (const [, file = ''] of dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)) {
    for (const name of file.split(' ')) assert.ok(existsSync(join(root, name)), `Dockerfile: ${name}`);
  }
});

test('each npm ci of the image finds what the lock file names', () => {
  const lock = JSON.parse(textOf('package-lock.json')) as { packages: Record<string, { resolved?: string }> };
  const folders = Object.values(lock.packages).flatMap(({ resolved = '' }) =>
    resolved.startsWith('file:') ? [resolved.slice('file:'.length)] : [],
  );
  const needed = [
    'package.json',
    'package-lock.json',
    '.npmrc',
    ...folders.map((one) => `${one}/package.json`),
  ];
  const stages = dockerfile.split(/^FROM /m).filter((stage) => stage.includes('RUN npm ci'));
  assert.equal(stages.length, 2);
  const ignored = textOf('.dockerignore').split('\n');
  for (const stage of stages) {
    const [before = ''] = stage.split('RUN npm ci');
    const copied = new Set(
      [...before.matchAll(/^COPY (.+) \S+$/gm)].flatMap(([, files = '']) => files.split(' ')),
    );
    for (const file of needed) assert.ok(copied.has(file), file);
  }
  for (const folder of folders) {
    if (ignored.includes(folder.split('/')[0] ?? ''))
      assert.ok(ignored.includes(`!${folder}/package.json`), folder);
  }
});

test('keys and backups that the documents make in a checkout go neither into an image nor into the history', () => {
  const [image, history] = ['.dockerignore', '.gitignore'].map((name) => textOf(name).split('\n'));
  const asked = `${textOf('packaging/README.md')}${textOf('packaging/cluster.md')}`;
  for (const kind of ['tar', 'pem', 'key', 'crt']) {
    assert.match(asked, new RegExp(`\\.${kind}\\b`));
    assert.ok(image?.includes(`**/*.${kind}`), kind);
    assert.ok(history?.includes(`*.${kind}`), kind);
  }
});

test('no password stands in the compose file: new-env.sh makes one for each user, once, for its owner alone', (t) => {
  const { folder, values } = newEnv(t);
  const files = textOf('compose.yaml') + textOf('compose.cluster.yaml');
  const used = new Set([...files.matchAll(/\$\{(\w+)/g)].map(([, name = '']) => name));
  assert.deepEqual([...values.keys()].toSorted(), [...used].toSorted());
  const passwords = [...values].filter(([name]) => name.endsWith('_PASSWORD')).map(([, value]) => value);
  for (const password of passwords) assert.match(password, /^[0-9a-f]{48}$/);
  assert.equal(new Set(passwords).size, passwords.length);
  assert.equal(statSync(join(folder, '.env')).mode & 0o777, 0o600);
  for (const { environment = {} } of Object.values(services)) {
    for (const [name, value] of Object.entries(environment)) {
      if (name.endsWith('PASSWORD')) assert.match(value, /^\$\{\w+:\?/, name);
    }
  }
  const before = readFileSync(join(folder, '.env'), 'utf8');
  assert.equal(spawnSync(join(folder, 'packaging/new-env.sh')).status, 1);
  assert.equal(readFileSync(join(folder, '.env'), 'utf8'), before);
  assert.match(textOf('.gitignore'), /^\.env$/m);
  assert.match(textOf('.dockerignore'), /^\.env$/m);
});

test('whoever stops the hub waits longer than it takes to drain', () => {
  assert.ok(Number.parseInt(services['hub']?.stop_grace_period ?? '', 10) > stopWithinSec);
  assert.match(dockerfile, /^STOPSIGNAL SIGTERM$/m);
  assert.ok(Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1]) > stopWithinSec);
  assert.match(unit, /^KillSignal=SIGTERM$/m);
});

test('the unit gives the hub a user and a folder of its own', (t) => {
  const value = (name: string): string => new RegExp(`^${name}=(.*)$`, 'm').exec(unit)?.[1] ?? '';
  assert.match(value('Environment'), new RegExp(`HUB_DATA_DIR=/var/lib/${value('StateDirectory')}$`));
  assert.equal(value('User'), 'device-hub');
  for (const name of ['NoNewPrivileges', 'ProtectHome', 'PrivateTmp']) assert.equal(value(name), 'yes');
  assert.equal(value('ProtectSystem'), 'strict');
  if (spawnSync('systemd-analyze', ['--version']).status !== 0) {
    t.diagnostic('systemd-analyze is not on this machine: the unit was not read by systemd itself');
    return;
  }
  const folder = temporaryFolder('unit');
  t.after(() => folder.remove());
  const file = join(folder.path, 'device-hub.service');
  writeFileSync(file, unit.replace(/^ExecStart=\S+/m, 'ExecStart=/bin/true'));
  const verified = spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' });
  assert.equal(`${verified.stdout}${verified.stderr}`, '');
  assert.equal(verified.status, 0);
});

test('package, changelog and the date below which no clock is believed are of one release', () => {
  const [, version, date = ''] = /^## \[(\d+\.\d+\.\d+)\] - (\S+)$/m.exec(textOf('CHANGELOG.md')) ?? [];
  assert.equal((JSON.parse(textOf('package.json')) as { version: string }).version, version);
  assert.equal(new Date(releasedMs).toISOString(), `${date}T00:00:00.000Z`);
});
