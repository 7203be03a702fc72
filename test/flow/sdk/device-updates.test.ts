import assert from 'node:assert/strict';
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import {
  FolderFile,
  makeDevice,
  MemoryFile,
  type NodeSettings,
  type UpdateSettings,
} from '../../../sdk/typescript/src/node.ts';
import type { OfferedUpdate } from '../../../schemas/index.ts';
import { sha256Of } from '../../helpers/firmware/add-firmware.ts';
import { startScriptedHub } from '../../helpers/hubs/scripted-hub.ts';
import { temporaryFolder } from '../../helpers/services/guard.ts';
import { eventOf, waitFor } from '../../helpers/wait-for.ts';

/** What the SDK does with new firmware, from a server of files that the test plays. */

const bytes = randomBytes(200_000);

/** A server of files, and a device that is told to run what it has. */
async function offered(
  t: TestContext,
  serve: RequestListener,
  updates: Partial<UpdateSettings> = {},
  update: Partial<OfferedUpdate> = {},
) {
  const server = createServer(serve).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.closeAllConnections());
  t.after(() => server.close());
  const hub = await startScriptedHub(t);
  const applied: string[] = [];
  const settings: NodeSettings = {
    url: hub.url,
    id: 'd-1',
    secret: 's',
    type: 'env-sensor@1',
    random: () => 0,
    updates: {
      file: new MemoryFile(),
      apply: ({ version }) => void applied.push(version),
      ...updates,
    },
  };
  const device = makeDevice(settings);
  t.after(() => device.close());
  device.wake();
  const session = await hub.session();
  await Promise.all([eventOf(device, 'welcome'), session.welcome()]);
  const said: string[] = [];
  const words = async (): Promise<void> => {
    for (;;) {
      const { re, state, error } = await session.next('update-status');
      said.push(error === undefined ? state : `${state}: ${error}`);
      session.send({ type: 'ack', re });
    }
  };
  // Ends with the session.
  words().catch(() => undefined);
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/file`;
  const wanted = { id: 'u-1', version: '2.0.0', url, sha256: sha256Of(bytes), size: bytes.length, ...update };
  session.send({ type: 'update', ...wanted });
  return { device, session, said, applied, wanted };
}

const whole: RequestListener = (_request, response) => response.end(bytes);

test('the file is got, verified and applied, and each step is said', async (t) => {
  const { said, applied } = await offered(t, (request, response) => {
    assert.equal(request.headers.authorization, undefined, 'the credential is for the hub alone');
    whole(request, response);
  });
  await waitFor(() => applied.length > 0, { what: 'it is applied' });
  assert.deepEqual(applied, ['2.0.0']);
  assert.deepEqual(said, ['downloading', 'verifying', 'applying']);
});

test('a download that breaks off, or finds no slot, goes on where it was', async (t) => {
  const ranges: (string | undefined)[] = [];
  const { said, applied } = await offered(t, (request, response) => {
    ranges.push(request.headers.range);
    if (ranges.length === 1) {
      response.setHeader('Content-Length', bytes.length);
      response.write(bytes.subarray(0, 50_000), () => response.destroy());
    } else if (ranges.length === 2) response.writeHead(503, { 'Retry-After': '1' }).end();
    else {
      assert.equal(request.headers['if-range'], `"${sha256Of(bytes)}"`);
      const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1]);
      response.writeHead(206, { 'Content-Range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` });
      response.end(bytes.subarray(from));
    }
  });
  await waitFor(() => applied.length > 0, { what: 'it is applied', timeoutMs: 10_000 });
  assert.equal(ranges[0], undefined);
  assert.match(ranges[2] ?? '', /^bytes=[1-9]/, 'it does not begin anew');
  assert.ok(
    said.some((word) => word.startsWith('waiting: the hub answers 503')),
    said.join(),
  );
});

test('what came of it outlives a reboot, and is gone when another one is wanted', async (t) => {
  const folder = temporaryFolder('firmware');
  t.after(() => folder.remove());
  const first = new FolderFile(folder.path);
  first.begin(sha256Of(bytes));
  first.append(bytes.subarray(0, 150_000));
  let served = '';
  const paths: (string | undefined)[] = [];
  const { applied } = await offered(
    t,
    (request, response) => {
      served = request.headers.range ?? '';
      response.writeHead(206).end(bytes.subarray(150_000));
    },
    { file: folder.path, apply: ({ version }, path) => void (paths.push(path), applied.push(version)) },
  );
  await waitFor(() => paths.length > 0, { what: 'it is applied' });
  assert.equal(served, 'bytes=150000-');
  assert.deepEqual(readFileSync(paths[0] ?? ''), bytes);
  new FolderFile(folder.path).begin('ab'.repeat(32));
  assert.deepEqual(readdirSync(join(folder.path)), []);
});

test('a file that is not what the hub has is got again, and failed in the end; a longer one is not read to its end', async (t) => {
  let requests = 0;
  const { said, applied } = await offered(t, (_request, response) => {
    requests += 1;
    response.end(requests === 1 ? Buffer.concat([bytes, bytes]) : randomBytes(bytes.length));
  });
  await waitFor(() => said.some((word) => word.startsWith('failed')), {
    what: 'it fails',
    timeoutMs: 15_000,
  });
  assert.match(said.at(-1) ?? '', /failed: the file has the SHA-256 [0-9a-f]{64}$/);
  assert.equal(requests, 4);
  assert.deepEqual(applied, []);
});

test('with the key of its maker a device takes what was signed with it, and nothing else', async (t) => {
  const maker = generateKeyPairSync('ed25519');
  const stranger = generateKeyPairSync('ed25519');
  const key = maker.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const signature = (by: typeof maker): string =>
    sign(null, Buffer.from(sha256Of(bytes), 'hex'), by.privateKey).toString('base64');
  const right = await offered(t, whole, { key }, { signature: signature(maker) });
  await waitFor(() => right.applied.length > 0, { what: 'it is applied' });
  for (const update of [{}, { signature: signature(stranger) }]) {
    const wrong = await offered(t, whole, { key }, update);
    await waitFor(() => wrong.said.some((word) => word.startsWith('rejected')), { what: 'it is rejected' });
    assert.deepEqual(wrong.applied, []);
  }
});

test('an update that is not wanted any more is not applied, and what is being applied goes on', async (t) => {
  const held: (() => void)[] = [];
  const { session, said, applied, wanted } = await offered(t, (_request, response) => {
    held.push(() => response.end(bytes));
  });
  await waitFor(() => held.length === 1, { what: 'the download begins' });
  session.send({ type: 'update', id: wanted.id, cancelled: true });
  // A newer one takes its place.
  await waitFor(() => said.includes('downloading'), { what: 'it has begun' });
  session.send({ type: 'update', ...wanted, id: 'u-2', version: '3.0.0' });
  await waitFor(() => held.length === 2, { what: 'the download of the newer one begins' });
  held[1]?.();
  await waitFor(() => applied.length > 0, { what: 'it is applied' });
  assert.deepEqual(applied, ['3.0.0']);
});

test('what fails to install is said, with the reason', async (t) => {
  const { said } = await offered(t, whole, {
    apply: () => {
      throw new Error('no room in the flash');
    },
  });
  await waitFor(() => said.includes('failed: no room in the flash'), { what: 'it is said' });
});
