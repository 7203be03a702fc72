import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { limitSockets, type SocketLimits } from '../../../hub/adapters/socket-limits.ts';
import { waitFor } from '../../helpers/wait-for.ts';

type Cuttable = Socket & { cut?: boolean };

/** A server that takes the word `proof` for one. */
async function startServer(t: TestContext, given: Partial<SocketLimits> = {}) {
  const served = { sockets: 0 };
  const server = createServer((socket) => {
    served.sockets += 1;
    socket.on('error', () => undefined);
    socket.on('data', () => {
      limiter.proved(socket);
      socket.write('welcome');
    });
  });
  const limiter = limitSockets(server, {
    maxPerAddress: 20,
    maxPendingPerAddress: 10,
    maxPending: 15,
    pendingMs: 60_000,
    isTrusted: () => false,
    ...given,
  });
  let arrived = 0;
  server.on('connection', () => {
    arrived += 1;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const open: Socket[] = [];
  t.after(() => {
    limiter.close();
    for (const socket of open) socket.destroy();
    server.close();
  });
  /** @param from of 127.0.0.0/8, which is all this machine */
  async function knock(from = '127.0.0.1'): Promise<Cuttable> {
    const socket: Cuttable = connect({ port, host: '127.0.0.1', localAddress: from });
    open.push(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      socket.cut = true;
    });
    const before = arrived;
    await once(socket, 'connect');
    await waitFor(() => arrived > before, { what: 'it is there' });
    return socket;
  }
  async function enter(from?: string): Promise<Cuttable> {
    const socket = await knock(from);
    socket.write('proof');
    await once(socket, 'data');
    return socket;
  }
  return { served, limiter, knock, enter };
}

test('who holds sockets and proves nothing keeps nobody of the same address out', async (t) => {
  const { limiter, knock, enter } = await startServer(t);
  const idle: Cuttable[] = [];
  for (let n = 0; n < 10; n += 1) idle.push(await knock());
  const good: Cuttable[] = [];
  for (let n = 0; n < 10; n += 1) good.push(await enter());
  assert.equal(good.filter(({ cut }) => cut).length, 0);
  for (let n = 0; n < 10; n += 1) await knock();
  await waitFor(() => idle.every(({ cut }) => cut), { what: 'the oldest make room' });
  assert.equal(good.filter(({ cut }) => cut).length, 0, 'whoever has proved who it is stays');
  assert.equal(limiter.drops.pending + limiter.drops.perAddress, 10 + 0);
});

test('of all sockets that prove nothing, those of the address with most of them go first', async (t) => {
  const { knock } = await startServer(t, { maxPendingPerAddress: 14 });
  const quiet = await knock('127.0.0.2');
  const many: Cuttable[] = [];
  for (let n = 0; n < 14; n += 1) many.push(await knock('127.0.0.3'));
  for (let n = 0; n < 5; n += 1) await knock(`127.0.1.${n + 1}`);
  await waitFor(() => many.filter(({ cut }) => cut).length === 5, { what: 'five of the many go' });
  assert.deepEqual(
    many.map(({ cut }) => cut === true),
    many.map((_, at) => at < 5),
  );
  assert.equal(quiet.cut, undefined);
});

test('an address whose sockets have all proved who they are has no more than its share', async (t) => {
  const { limiter, enter, knock } = await startServer(t, { maxPerAddress: 3 });
  const good = [await enter(), await enter(), await enter()];
  const further = await knock();
  await waitFor(() => further.cut === true, { what: 'it is cut' });
  assert.equal(good.filter(({ cut }) => cut).length, 0);
  assert.equal(limiter.drops.perAddress, 1);
  assert.equal((await enter('127.0.0.2')).cut, undefined, 'another address has a share of its own');
});

test('a socket that is cut on arrival is not served', async (t) => {
  const { served, enter, knock } = await startServer(t, { maxPerAddress: 2 });
  await enter();
  await enter();
  const further = await knock();
  await waitFor(() => further.cut === true, { what: 'it is cut' });
  assert.equal(served.sockets, 2);
});
