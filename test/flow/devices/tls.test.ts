import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createPublicKey, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, get } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { connect, type ConnectionOptions } from 'node:tls';
import { openDeviceTls } from '../../../hub/adapters/tls/device-tls.ts';
import { makeAuthority, makeLeaf, namesOf } from '../../../hub/adapters/tls/tls-issuer.ts';
import { machineNames } from '../../../hub/adapters/tls/tls-own.ts';
import { loadTlsMaterial, tlsServerOptions, type TlsMaterial } from '../../../hub/adapters/tls/tls.ts';
import { HubError } from '../../../hub/kernel/errors.ts';
import { createLog } from '../../../hub/kernel/log.ts';
import { systemClock, type Clock } from '../../../schemas/time/clock.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { temporaryFolder } from '../../helpers/services/guard.ts';

const dayMs = 86_400_000;
const now = (): number => Date.now();
const hostnames = ['localhost', '127.0.0.1', '::1', 'hub.example.org'];

function folder(t: TestContext): string {
  const made = temporaryFolder('tls');
  t.after(() => made.remove());
  return made.path;
}

function own(dataDir: string, nowMs = now(), names = hostnames): Promise<TlsMaterial> {
  return loadTlsMaterial({ mode: 'own' }, dataDir, { now: () => nowMs, hostnames: names });
}

async function serve(t: TestContext, material: TlsMaterial): Promise<number> {
  const server = createServer(tlsServerOptions(material), (_request, response) =>
    response.end('it is the hub'),
  );
  // A refused handshake is the client's test to judge.
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

function read(port: number, ca: string, host = '127.0.0.1'): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get({ host, port, ca, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      response.on('end', () => resolve(body));
    });
    request.on('error', reject);
  });
}

function handshake(port: number, options: ConnectionOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, ...options }, () => {
      resolve(`${socket.getProtocol()} ${socket.getCipher().name}`);
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

async function fault(promise: Promise<unknown>): Promise<HubError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof HubError, `expected a HubError, got ${String(error)}`);
  return error;
}

test('Node accepts the own certificate when it knows only ca.crt, by address and by name', async (t) => {
  const dataDir = folder(t);
  const material = await own(dataDir);
  assert.equal(material.caFile, join(dataDir, 'tls', 'ca.crt'));
  const port = await serve(t, material);
  const ca = await readFile(join(dataDir, 'tls', 'ca.crt'), 'utf8');
  assert.equal(await read(port, ca), 'it is the hub');
  assert.equal(await read(port, ca, 'localhost'), 'it is the hub');
  const stranger = await makeAuthority(now());
  await assert.rejects(read(port, stranger.cert), /self-signed certificate|unable to verify|local issuer/);
});

test('Python accepts the own certificate under its strictest rules when it knows only ca.crt', async (t) => {
  const dataDir = folder(t);
  const port = await serve(t, await own(dataDir));
  const script = `
import socket, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[1])
context.verify_flags |= ssl.VERIFY_X509_STRICT
with socket.create_connection(("127.0.0.1", int(sys.argv[2])), timeout=10) as raw:
    with context.wrap_socket(raw, server_hostname=sys.argv[3]) as tls:
        tls.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
        answer = b""
        while chunk := tls.recv(4096):
            answer += chunk
print(answer.decode().rsplit("\\r\\n", 1)[-1])
`;
  for (const name of ['127.0.0.1', 'localhost', 'hub.example.org']) {
    const child = spawn('python3', ['-c', script, join(dataDir, 'tls', 'ca.crt'), String(port), name]);
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
    await once(child, 'close');
    assert.equal(output.trim(), 'it is the hub', name);
  }
});

test('keys are readable by the hub alone, and the folder too', async (t) => {
  const dataDir = folder(t);
  await own(dataDir);
  const modeOf = async (name: string): Promise<number> =>
    (await stat(join(dataDir, 'tls', name))).mode & 0o777;
  assert.equal(await modeOf('ca.key'), 0o600);
  assert.equal(await modeOf('hub.key'), 0o600);
  assert.equal(await modeOf('ca.crt'), 0o644);
  assert.equal(await modeOf('.'), 0o700);
  await chmod(join(dataDir, 'tls', 'hub.key'), 0o644);
  await own(dataDir);
  assert.equal(await modeOf('hub.key'), 0o600);
});

test('the CA lives ten years, the certificate at most 825 days, and a second start uses the same', async (t) => {
  const dataDir = folder(t);
  const first = await own(dataDir);
  const leaf = new X509Certificate(first.cert);
  const ca = new X509Certificate(await readFile(join(dataDir, 'tls', 'ca.crt')));
  const daysOf = (certificate: X509Certificate): number =>
    (certificate.validToDate.getTime() - certificate.validFromDate.getTime()) / dayMs;
  assert.ok(daysOf(leaf) <= 825 && daysOf(leaf) > 800, `${daysOf(leaf)} days`);
  assert.ok(daysOf(ca) > 3_650, `${daysOf(ca)} days`);
  assert.deepEqual(namesOf(first.cert).toSorted(), hostnames.toSorted());
  assert.deepEqual(await own(dataDir), first);
});

for (const [year, wrongMs] of [
  ['1972', Date.UTC(1972, 0, 1)],
  ['2037', Date.UTC(2037, 0, 1)],
] as const) {
  test(`what a hub makes by a clock of ${year} holds today, and its next start takes it by any clock`, async (t) => {
    const dataDir = folder(t);
    const log = createLog({ level: 'silent' });
    const open = (clock: Clock) => openDeviceTls({ mode: 'own' }, dataDir, { clock, log });
    const datesOf = (pem: string): [number, number] => {
      const { validFromDate, validToDate } = new X509Certificate(pem);
      return [validFromDate.getTime(), validToDate.getTime()];
    };
    const opened = await open(new ManualClock(wrongMs));
    const caFile = join(dataDir, 'tls', 'ca.crt');
    const ca = await readFile(caFile, 'utf8');
    for (const pem of [ca, String(opened?.options.cert)]) {
      const [fromMs, toMs] = datesOf(pem);
      assert.ok(fromMs <= now() && toMs > now() + 365 * dayMs, `${fromMs} to ${toMs}`);
    }
    assert.equal(datesOf(ca)[0], Date.UTC(2020, 0, 1));
    for (const clock of [systemClock, new ManualClock(Date.UTC(2037, 0, 1)), new ManualClock(0)]) {
      await open(clock);
      assert.equal(await readFile(caFile, 'utf8'), ca);
    }
    const served = await own(dataDir, now(), machineNames());
    assert.equal(await read(await serve(t, served), ca), 'it is the hub');
  });
}

test('the certificate is renewed 30 days before its end, and devices that pin the CA do not notice', async (t) => {
  const dataDir = folder(t);
  const first = await own(dataDir);
  const endMs = new X509Certificate(first.cert).validToDate.getTime();
  const ca = await readFile(join(dataDir, 'tls', 'ca.crt'), 'utf8');
  assert.equal((await own(dataDir, endMs - 31 * dayMs)).cert, first.cert);
  const renewed = await own(dataDir, endMs - 29 * dayMs);
  assert.notEqual(renewed.cert, first.cert);
  assert.notEqual(renewed.key, first.key);
  assert.equal(await readFile(join(dataDir, 'tls', 'ca.crt'), 'utf8'), ca);
  assert.ok(new X509Certificate(renewed.cert).verify(createPublicKey(ca)));
});

test('the certificate is renewed when the names of the machine change', async (t) => {
  const dataDir = folder(t);
  const first = await own(dataDir);
  const moved = await own(dataDir, now(), [...hostnames, '192.0.2.7']);
  assert.notEqual(moved.cert, first.cert);
  assert.ok(namesOf(moved.cert).includes('192.0.2.7'));
  const back = await own(dataDir);
  assert.ok(!namesOf(back.cert).includes('192.0.2.7'));
});

test('a start that was cut off between key and certificate is put right by the next', async (t) => {
  const dataDir = folder(t);
  await own(dataDir);
  const { key } = await makeLeaf(await makeAuthority(now()), hostnames, now());
  await writeFile(join(dataDir, 'tls', 'hub.key'), key);
  const repaired = await own(dataDir);
  assert.equal(
    await read(await serve(t, repaired), await readFile(join(dataDir, 'tls', 'ca.crt'), 'utf8')),
    'it is the hub',
  );
  await rm(join(dataDir, 'tls', 'ca.crt'));
  await rm(join(dataDir, 'tls', 'hub.crt'));
  assert.equal((await own(dataDir)).caFile, join(dataDir, 'tls', 'ca.crt'));
});

test('a CA that devices may have pinned is never replaced: the hub names the file and stops', async (t) => {
  const dataDir = folder(t);
  const first = await own(dataDir);
  await rm(join(dataDir, 'tls', 'ca.key'));
  assert.equal((await own(dataDir)).cert, first.cert, 'the certificate still serves without the CA key');
  const missing = await fault(own(dataDir, now(), ['localhost']));
  assert.equal(missing.code, 'tls-invalid');
  assert.match(missing.message, /ca\.key: it is missing.*HUB_TLS_CERT/);
  assert.match((await fault(own(dataDir, now() + 3_660 * dayMs))).message, /ca\.crt: it expired on 2\d{3}-/);
  await writeFile(join(dataDir, 'tls', 'ca.crt'), 'nonsense');
  assert.match((await fault(own(dataDir))).message, /ca\.crt: it is not a certificate/);
});

test('a given certificate is checked: file, form, key, dates', async (t) => {
  const dir = folder(t);
  const at = (name: string): string => join(dir, name);
  const authority = await makeAuthority(now());
  const good = await makeLeaf(authority, ['localhost'], now());
  const other = await makeLeaf(authority, ['localhost'], now());
  const old = await makeLeaf(authority, ['localhost'], now() - 900 * dayMs);
  const early = await makeLeaf(authority, ['localhost'], now() + 10 * dayMs);
  await mkdir(dir, { recursive: true });
  await writeFile(at('good.crt'), good.cert + authority.cert);
  await writeFile(at('good.key'), good.key, { mode: 0o600 });
  await writeFile(at('other.key'), other.key);
  await writeFile(at('old.crt'), old.cert);
  await writeFile(at('old.key'), old.key);
  await writeFile(at('early.crt'), early.cert);
  await writeFile(at('early.key'), early.key);
  await writeFile(at('text'), 'hello');
  await writeFile(
    at('locked.key'),
    '-----BEGIN ENCRYPTED PRIVATE KEY-----\nAA==\n-----END ENCRYPTED PRIVATE KEY-----\n',
  );
  const given = (cert: string, key: string): Promise<TlsMaterial> =>
    loadTlsMaterial({ mode: 'given', cert: at(cert), key: at(key) }, dir, { now, hostnames });

  const port = await serve(t, await given('good.crt', 'good.key'));
  assert.equal(await read(port, authority.cert, 'localhost'), 'it is the hub');

  assert.equal((await given('good.crt', 'good.key')).exposedKeyFile, undefined);
  await chmod(at('good.key'), 0o640);
  assert.equal((await given('good.crt', 'good.key')).exposedKeyFile, at('good.key'), 'told, and served');
  await chmod(at('good.key'), 0o620);
  assert.match((await fault(given('good.crt', 'good.key'))).message, /good\.key: .*others may write to it/);
  await chmod(at('good.key'), 0o600);

  const faults: [string, string, RegExp][] = [
    ['none.crt', 'good.key', /none\.crt: it cannot be read/],
    ['text', 'good.key', /text: it contains no PEM certificate/],
    ['good.crt', 'text', /text: it contains no PEM private key/],
    ['good.crt', 'locked.key', /locked\.key: the key in it is encrypted/],
    ['good.crt', 'other.key', /other\.key: it is not the key of the first certificate in .*good\.crt/],
    ['old.crt', 'old.key', /old\.crt: the certificate CN=Device hub expired on \d{4}-.*renew it/],
    ['early.crt', 'early.key', /early\.crt: .* is valid only from \d{4}-.*clock/],
  ];
  for (const [cert, key, text] of faults) {
    const error = await fault(given(cert, key));
    assert.equal(error.code, 'tls-invalid');
    assert.match(error.message, text);
  }
});

test('TLS below 1.2 and suites without authenticated encryption are refused', async (t) => {
  const dataDir = folder(t);
  const material = await own(dataDir);
  const port = await serve(t, material);
  const ca = await readFile(join(dataDir, 'tls', 'ca.crt'), 'utf8');
  assert.match(await handshake(port, { ca }), /^TLSv1\.3 /);
  assert.match(
    await handshake(port, { ca, maxVersion: 'TLSv1.2' }),
    /^TLSv1\.2 ECDHE-ECDSA-.*(GCM|POLY1305)/,
  );
  const cbc = 'ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES256-SHA';
  await assert.rejects(handshake(port, { ca, maxVersion: 'TLSv1.2', ciphers: cbc }), /handshake failure/i);
  const legacy: ConnectionOptions = {
    ca,
    minVersion: 'TLSv1',
    maxVersion: 'TLSv1.1',
    ciphers: 'DEFAULT@SECLEVEL=0',
  };
  await assert.rejects(handshake(port, legacy), /version|unsupported protocol/i);
});

test('with a client CA, a client without a certificate may still prove who it is in another way', async (t) => {
  const dataDir = folder(t);
  const authority = await makeAuthority(now());
  const clientCa = join(dataDir, 'devices.crt');
  await writeFile(clientCa, authority.cert);
  const material = await loadTlsMaterial({ mode: 'own', clientCa }, dataDir, { now, hostnames });
  const port = await serve(t, material);
  const ca = await readFile(join(dataDir, 'tls', 'ca.crt'), 'utf8');
  await read(port, ca);
});

test('the names of this machine have localhost and both loopback addresses', () => {
  const names = machineNames();
  assert.deepEqual(names.slice(0, 3), ['localhost', '127.0.0.1', '::1']);
  assert.equal(new Set(names).size, names.length);
});
