import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import {
  makeDevice,
  RamMemory,
  type CommandOutcome,
  type Device,
  type HubMemory,
} from '../../../sdk/typescript/src/node.ts';
import type { CommandFrame } from '../../../schemas/index.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { startScriptedHub } from '../../helpers/hubs/scripted-hub.ts';
import { eventOf } from '../../helpers/wait-for.ts';

function command(id: string, overrides: Partial<CommandFrame> = {}): CommandFrame {
  const deadline = Date.now() + 60_000;
  return {
    type: 'command',
    id,
    name: 'identify',
    params: {},
    deadline,
    ttlMs: 60_000,
    safety: 'observe',
    ...overrides,
  };
}

async function openSession(t: TestContext, memory?: HubMemory) {
  const hub = await startScriptedHub(t);
  const client = makeDevice({
    url: hub.url,
    id: 'd-1',
    secret: 's',
    type: 'env-sensor@1',
    backoffFirstMs: 1,
    memory,
  });
  t.after(() => client.close());
  client.wake();
  const session = await hub.session();
  await Promise.all([eventOf(client, 'welcome'), session.welcome()]);
  return { hub, client, session };
}

/** Counts how often the command really ran. */
function counted(client: Device, name = 'identify', outcome: CommandOutcome = { status: 'succeeded' }) {
  const runs = { count: 0 };
  client.onCommand(name, () => {
    runs.count += 1;
    return outcome;
  });
  return runs;
}

test('a command is received, reports progress and gives its result', async (t) => {
  const { client, session } = await openSession(t);
  client.onCommand('set-position', async ({ params, progress }) => {
    progress(50, 'half way');
    await Promise.resolve();
    return { status: 'succeeded', output: { position: params['percent'] } };
  });
  session.send(command('c1', { name: 'set-position', params: { percent: 40 } }));
  assert.deepEqual(await session.frame(), { type: 'received', re: 'c1' });
  assert.deepEqual(await session.frame(), { type: 'progress', re: 'c1', percent: 50, note: 'half way' });
  const result = { type: 'result', re: 'c1', status: 'succeeded', output: { position: 40 } };
  assert.deepEqual(await session.frame(), result);
});

test('the same id again is answered from memory and not run', async (t) => {
  const { client, session } = await openSession(t);
  const runs = counted(client);
  session.send(command('c1'));
  await session.next('result');
  session.send({ type: 'ack', re: 'c1' });
  session.send(command('c1'));
  assert.equal((await session.next('result')).status, 'succeeded');
  assert.equal(runs.count, 1);
});

test('a result is sent in each session until it is acked', async (t) => {
  const { hub, client, session } = await openSession(t);
  counted(client);
  session.send(command('c1'));
  await session.next('result');
  session.cut();
  const second = await hub.session();
  const hello = await second.welcome({ epoch: 2 });
  assert.deepEqual(hello.unresolved, ['c1']);
  assert.equal((await second.next('result')).re, 'c1');
  const acked = eventOf(client, 'result-acked');
  second.send({ type: 'ack', re: 'c1' });
  await acked;
  second.cut();
  const third = await hub.session();
  await Promise.all([eventOf(client, 'welcome'), third.welcome({ epoch: 3 })]);
  await third.ping();
  assert.deepEqual(third.pending(), []);
});

test('a command past its deadline at the moment of beginning is expired, wherever it waited', async (t) => {
  const clock = new ManualClock();
  const hub = await startScriptedHub(t);
  const client = makeDevice({
    url: hub.url,
    id: 'd',
    secret: 's',
    type: 'env-sensor@1',
    clock,
  });
  t.after(() => client.close());
  client.wake();
  const session = await hub.session();
  const hubNow = 5_000_000;
  await Promise.all([eventOf(client, 'welcome'), session.welcome({ now: hubNow })]);
  const identify = counted(client);
  let finish = (): void => undefined;
  client.onCommand(
    'reboot',
    () => new Promise((resolve) => (finish = () => resolve({ status: 'succeeded' }))),
  );
  session.send(command('slow', { name: 'reboot', deadline: hubNow + 10_000 }));
  session.send(command('waits', { deadline: hubNow + 10_000 }));
  await session.next('received');
  await session.next('received');
  clock.advance(10_001);
  finish();
  assert.equal((await session.next('result')).status, 'succeeded');
  assert.deepEqual(await session.next('result'), { type: 'result', re: 'waits', status: 'expired' });
  assert.equal(identify.count, 0);
});

test('a cancel stops a command that waits, and one that has not come yet', async (t) => {
  const { client, session } = await openSession(t);
  const identify = counted(client);
  client.onCommand('reboot', () => new Promise(() => undefined));
  session.send(command('slow', { name: 'reboot' }));
  session.send(command('waits'));
  session.send({ type: 'cancel', re: 'waits' });
  assert.deepEqual(await session.next('result'), { type: 'result', re: 'waits', status: 'cancelled' });
  session.send({ type: 'cancel', re: 'later' });
  session.send(command('later'));
  assert.deepEqual(await session.next('result'), { type: 'result', re: 'later', status: 'cancelled' });
  assert.equal(identify.count, 0);
});

test('a recall is answered per id, and an id answered unknown is refused should it still come', async (t) => {
  const { client, session } = await openSession(t);
  const identify = counted(client);
  client.onCommand('reboot', () => new Promise(() => undefined));
  session.send(command('done'));
  await session.next('result');
  session.send(command('running', { name: 'reboot' }));
  await session.next('received');
  session.send({ type: 'recall', ids: ['done', 'running', 'never'] });
  assert.deepEqual(await session.frame(), { type: 'result', re: 'done', status: 'succeeded' });
  assert.deepEqual(await session.frame(), { type: 'received', re: 'running' });
  assert.deepEqual(await session.frame(), { type: 'result', re: 'never', status: 'unknown' });
  session.send(command('never'));
  assert.equal((await session.next('result')).status, 'rejected');
  assert.equal(identify.count, 1);
});

test('a handler that throws is a failed command, a missing one a rejected', async (t) => {
  const { client, session } = await openSession(t);
  client.onCommand('identify', () => {
    throw new Error('no lamp');
  });
  session.send(command('c1'));
  assert.deepEqual(await session.next('result'), {
    type: 'result',
    re: 'c1',
    status: 'failed',
    error: 'no lamp',
  });
  session.send(command('c2', { name: 'sing' }));
  assert.equal((await session.next('result')).status, 'rejected');
});

test('an urgent command does not wait for the one that runs', async (t) => {
  const { client, session } = await openSession(t);
  client.onCommand('set-position', () => new Promise(() => undefined));
  client.onCommand('close', () => ({ status: 'succeeded' }), { urgent: true });
  session.send(command('c1', { name: 'set-position' }));
  session.send(command('c2', { name: 'close' }));
  assert.equal((await session.next('result')).re, 'c2');
});

test('a result the hub nacks for good is not sent again', async (t) => {
  const { hub, client, session } = await openSession(t);
  counted(client);
  session.send(command('c1'));
  await session.next('result');
  const settled = eventOf(client, 'result-acked');
  session.send({ type: 'nack', re: 'c1', code: 'unknown-command', retry: false });
  await settled;
  session.cut();
  const second = await hub.session();
  assert.equal((await second.welcome({ epoch: 2 })).unresolved, undefined);
});

test('a persisting device stores the id before it says received, and answers from storage after a reboot', async (t) => {
  const store = new RamMemory();
  const { client, session } = await openSession(t, store);
  let storedAtStart: unknown;
  client.onCommand('reboot', () => {
    storedAtStart = JSON.parse(store.load('commands') ?? '');
    return new Promise(() => undefined);
  });
  session.send(command('c1', { name: 'reboot' }));
  await session.next('received');
  assert.deepEqual(storedAtStart, [{ id: 'c1', acked: false }]);
  const rebooted = await openSession(t, store);
  const runs = counted(rebooted.client, 'reboot');
  const result = await rebooted.session.next('result');
  assert.deepEqual(result, { type: 'result', re: 'c1', status: 'failed', error: 'interrupted by a reboot' });
  rebooted.session.send(command('c1', { name: 'reboot' }));
  assert.equal((await rebooted.session.next('result')).status, 'failed');
  assert.equal(runs.count, 0);
});
