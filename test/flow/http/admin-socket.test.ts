import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, stat, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { startAdmin } from '../../../hub/adapters/http/admin-server.ts';
import { adminClient, hubRuns } from '../../../hub/cli/admin-client.ts';
import { temporaryFolder } from '../../helpers/services/guard.ts';
import { anyPort, serveAdmin, faultOf, deps } from '../../helpers/hubs/served-admin.ts';

test('the socket file is for its owner alone, leaves no other trace, and goes with the hub', async (t) => {
  const { admin, socketPath, dataDir } = await serveAdmin(t);
  assert.equal((await stat(socketPath)).mode & 0o777, 0o600);
  assert.deepEqual(
    (await readdir(dataDir)).filter((name) => name.startsWith('sock-')),
    [],
  );
  assert.equal(await hubRuns(socketPath), true);
  await admin.close();
  await assert.rejects(stat(socketPath), { code: 'ENOENT' });
  assert.equal(await hubRuns(socketPath), false);
  assert.equal((await faultOf(adminClient(socketPath).listDevices({ limit: 10 }))).code, 'hub-not-running');
});

test('the socket a killed hub left is no hub, and the next hub replaces it', async (t) => {
  const folder = temporaryFolder('http');
  t.after(() => folder.remove());
  const socketPath = join(folder.path, 'hub.sock');
  const script = `import socket,sys,os
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(); print("up", flush=True); os.kill(os.getpid(), 9)`;
  const killed = spawn('python3', ['-c', script, socketPath]);
  await once(killed, 'close');
  assert.ok((await stat(socketPath)).isSocket());
  assert.equal(await hubRuns(socketPath), false);
  const admin = await startAdmin(deps, { listen: anyPort, socketPath });
  t.after(() => admin.close());
  assert.equal(await hubRuns(socketPath), true);

  const second = await faultOf(startAdmin(deps, { listen: anyPort, socketPath }));
  assert.equal(second.code, 'data-dir-in-use');
  assert.equal(await hubRuns(socketPath), true, 'the refused one has not taken the socket');
});

test('an address in use is named with its setting and the way out, and nothing stays behind', async (t) => {
  const squatter = createServer();
  squatter.listen(0, '127.0.0.1');
  await once(squatter, 'listening');
  t.after(() => squatter.close());
  const { port } = squatter.address() as AddressInfo;
  const folder = temporaryFolder('http');
  t.after(() => folder.remove());
  const socketPath = join(folder.path, 'hub.sock');
  const taken = await faultOf(startAdmin(deps, { listen: { host: '127.0.0.1', port }, socketPath }));
  assert.equal(taken.code, 'address-in-use');
  assert.match(
    taken.message,
    new RegExp(`127\\.0\\.0\\.1:${port} \\(HUB_ADMIN_LISTEN\\).*HUB_ADMIN_LISTEN=127\\.0\\.0\\.1:0`),
  );
  assert.deepEqual(await readdir(folder.path), []);

  const foreign = await faultOf(startAdmin(deps, { listen: { host: '192.0.2.1', port: 0 }, socketPath }));
  assert.match(
    foreign.message,
    /HUB_ADMIN_LISTEN must be an address of this machine, and 192\.0\.2\.1:0 is not/,
  );
});

test('a data folder that cannot hold a socket is named', async (t) => {
  const folder = temporaryFolder('http');
  t.after(() => folder.remove());
  const long = join(folder.path, 'x'.repeat(100), 'hub.sock');
  const tooLong = await faultOf(startAdmin(deps, { listen: anyPort, socketPath: long }));
  assert.equal(tooLong.code, 'data-dir-invalid');
  assert.match(tooLong.message, /too long a path.*HUB_DATA_DIR/);
  await writeFile(join(folder.path, 'file'), '');
  const inFile = await faultOf(
    startAdmin(deps, { listen: anyPort, socketPath: join(folder.path, 'file', 'hub.sock') }),
  );
  assert.equal(inFile.code, 'data-dir-invalid');
});

test('close lets the request under way finish and does not wait for connections without one', async (t) => {
  const asked = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  const { admin } = await serveAdmin(t, {
    readiness: async () => {
      asked.resolve();
      await go.promise;
      return { ready: true, parts: {} };
    },
  });
  const idle = connect(Number(new URL(admin.url).port), '127.0.0.1');
  await once(idle, 'connect');
  const underWay = fetch(`${admin.url}/readyz`);
  await asked.promise;
  const closed = admin.close();
  go.resolve();
  assert.equal((await underWay).status, 200);
  await closed;
  idle.destroy();
});
