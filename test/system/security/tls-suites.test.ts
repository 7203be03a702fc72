import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { WebSocket } from 'ws';
import { makeAuthority } from '../../../hub/adapters/tls/tls-issuer.ts';
import { spawnGuarded, temporaryFolder } from '../../helpers/services/guard.ts';
import { basic } from '../../helpers/devices/raw-http.ts';
import { startSecurityHub } from '../../helpers/hubs/security-hub.ts';
import { waitFor } from '../../helpers/wait-for.ts';

function openssl(args: readonly string[], input = ''): { code: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync('openssl', args, { input, encoding: 'utf8', timeout: 20_000 });
  return { code: status, output: stdout + stderr };
}

test('the device listener speaks TLS 1.2 and 1.3 with AEAD suites only, as openssl sees it', async (t) => {
  const hub = await startSecurityHub([]);
  t.after(() => hub.close());
  const address = `127.0.0.1:${new URL(hub.deviceUrl).port}`;
  const shake = (...args: string[]) =>
    openssl(['s_client', '-connect', address, '-CAfile', join(hub.dataDir, 'tls', 'ca.crt'), ...args]);
  for (const version of ['-tls1_2', '-tls1_3']) {
    const { output } = shake(version);
    assert.match(output, /Verify return code: 0/);
    assert.match(output, /Cipher is \S*(GCM|POLY1305)\S*/);
  }
  // Level 0 lets openssl itself offer what the hub must refuse.
  for (const version of ['-tls1', '-tls1_1']) {
    assert.doesNotMatch(shake(version, '-cipher', 'ALL:@SECLEVEL=0').output, /Cipher is [A-Z]{3,}-/);
  }
  const offered = openssl(['ciphers', '-s', '-tls1_2', 'ALL:COMPLEMENTOFALL:@SECLEVEL=0'])
    .output.trim()
    .split(':');
  assert.ok(offered.length > 20);
  const taken = offered.filter((suite) => {
    const { output } = shake('-tls1_2', '-cipher', `${suite}:@SECLEVEL=0`);
    return new RegExp(`Cipher is ${suite}\\b`).test(output);
  });
  assert.ok(taken.length > 0);
  assert.deepEqual(
    taken.filter((suite) => !/^ECDHE-\S+-(AES(128|256)-GCM-SHA\d+|CHACHA20-POLY1305)$/.test(suite)),
    [],
  );
});

/** A device certificate for `name`, signed by the authority, made by openssl as a company's own CA would. */
function deviceCertificate(folder: string, authority: { cert: string; key: string }, name: string) {
  const file = (suffix: string): string => join(folder, suffix);
  if (!existsSync(file('ca.crt'))) writeFileSync(file('ca.crt'), authority.cert);
  writeFileSync(file('ca.key'), authority.key, { mode: 0o600 });
  writeFileSync(file('ext'), `subjectAltName=DNS:${name}\nextendedKeyUsage=clientAuth\n`);
  const [key, csr, cert] = [file(`${name}.key`), file(`${name}.csr`), file(`${name}.crt`)];
  const made = [
    openssl(['ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', key]),
    openssl(['req', '-new', '-key', key, '-subj', '/CN=any', '-out', csr]),
    openssl([
      'x509',
      '-req',
      '-in',
      csr,
      '-CA',
      file('ca.crt'),
      '-CAkey',
      file('ca.key'),
      '-CAcreateserial',
      '-days',
      '1',
      '-extfile',
      file('ext'),
      '-out',
      cert,
    ]),
  ];
  for (const { code, output } of made) assert.equal(code, 0, output);
  return { key: readFileSync(key), cert: readFileSync(cert) };
}

test('a certificate is a way in for the device it names, and for no other', async (t) => {
  const folder = temporaryFolder('certificates');
  t.after(() => folder.remove());
  const [authority, foreign] = [await makeAuthority(Date.now()), await makeAuthority(Date.now())];
  const known = deviceCertificate(folder.path, authority, 'd-1');
  const stranger = deviceCertificate(folder.path, authority, 'd-9');
  const hub = await startSecurityHub(['d-1', 'd-2'], {
    env: { HUB_TLS_CLIENT_CA: join(folder.path, 'ca.crt') },
  });
  t.after(() => hub.close());
  const other = temporaryFolder('foreign');
  t.after(() => other.remove());
  const forged = deviceCertificate(other.path, foreign, 'd-1');

  const attempt = async (options: object): Promise<string> => {
    const ca = readFileSync(join(hub.dataDir, 'tls', 'ca.crt'));
    const ws = new WebSocket(hub.deviceUrl, ['hub.v1.json'], { ca, ...options });
    const outcome = await Promise.race([
      once(ws, 'open').then(() => 'open'),
      once(ws, 'error').then(([error]) => String(error)),
    ]).catch((error: unknown) => String(error));
    ws.on('error', () => undefined);
    ws.terminate();
    return outcome;
  };
  const header = (id: string) => ({ headers: { authorization: basic(id, hub.secretOf(id)) } });
  assert.equal(await attempt(known), 'open');
  assert.match(await attempt(stranger), /401/, 'the authority vouches for a device that is not registered');
  assert.match(await attempt(forged), /401/, 'a foreign authority vouches for nobody');
  assert.equal(await attempt(header('d-2')), 'open', 'a secret does without a certificate');
  assert.match(
    await attempt({ ...known, ...header('d-2') }),
    /401/,
    "another device's certificate beside it",
  );
  await hub.run('device', 'disable', 'd-1');
  assert.match(await attempt(known), /403/);
});

test('a renewed certificate is served without a restart, and open sockets stay', async (t) => {
  const { loadTlsMaterial, tlsServerOptions } = await import('../../../hub/adapters/tls/tls.ts');
  const { watchTls } = await import('../../../hub/adapters/tls/tls-reload.ts');
  const { createLog } = await import('../../../hub/kernel/log.ts');
  const { createServer } = await import('node:https');
  const { ManualClock } = await import('../../helpers/clock.ts');
  const folder = temporaryFolder('renewed');
  t.after(() => folder.remove());
  const log = createLog({ level: 'silent' });
  const clock = new ManualClock(Date.now());
  const load = (hostnames: string[]) => () =>
    loadTlsMaterial({ mode: 'own' }, folder.path, { now: () => clock.now(), hostnames });
  const first = await load(['localhost'])();
  const server = createServer(tlsServerOptions(first));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const open = () => connect({ port, host: '127.0.0.1', servername: 'localhost', rejectUnauthorized: false });
  const before = open();
  await once(before, 'secureConnect');
  let applied = 0;
  const watched = watchTls({ clock, log }, first, load(['localhost', 'hub.example.org']), (material) => {
    applied += 1;
    server.setSecureContext(tlsServerOptions(material));
  });
  await clock.advanceAsync(60_000);
  await waitFor(() => applied > 0, { what: 'the renewed certificate' });
  const renewed = open();
  await once(renewed, 'secureConnect');
  assert.match(renewed.getPeerX509Certificate()?.subjectAltName ?? '', /hub\.example\.org/);
  assert.doesNotMatch(before.getPeerX509Certificate()?.subjectAltName ?? '', /hub\.example\.org/);
  assert.equal(before.destroyed, false);
  assert.equal(watched.counters.reloads, 1);
  watched.close();
  before.destroy();
  renewed.destroy();
  server.close();
});

test("a simulator that does not know the hub's authority says which option names it", async (t) => {
  const hub = await startSecurityHub(['d-1']);
  t.after(() => hub.close());
  const main = fileURLToPath(new URL('../../../device-sim/main.ts', import.meta.url));
  const ask = ['device', '--url', hub.deviceUrl, '--id', 'd-1', '--secret', hub.secretOf('d-1')];
  const device = await spawnGuarded(process.execPath, [main, ...ask]);
  t.after(() => device.end('SIGKILL'));
  await waitFor(() => device.output().includes('with --ca'), { what: 'the way out', timeoutMs: 10_000 });
});
