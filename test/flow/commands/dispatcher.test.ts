import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mqttChecks } from '../../../schemas/index.ts';
import { FakeSession, valve } from '../../helpers/hubs/dispatcher.ts';
import { waitFor } from '../../helpers/wait-for.ts';
import { hubWith, connect } from '../../helpers/hubs/connected-hub.ts';

test('a command goes from the topic to the device and its result back to the caller', async (t) => {
  const { hub, clock } = await hubWith(t);
  const session = connect(hub);
  const correlationData = Buffer.from([1, 2, 3]);
  await hub.command(
    'command/d-1/look',
    { id: 'c-1', ttlMs: 5_000 },
    { responseTopic: 'answers/me', correlationData },
  );
  const frame = await session.frame('command');
  assert.deepEqual(frame, {
    type: 'command',
    id: 'c-1',
    name: 'look',
    params: {},
    safety: 'observe',
    deadline: clock.now() + 5_000,
    ttlMs: 5_000,
  });
  hub.dispatcher.received(session, 'c-1');
  hub.dispatcher.progress(session, { type: 'progress', re: 'c-1', percent: 50, note: 'half way' });
  hub.dispatcher.result(session, { type: 'result', re: 'c-1', status: 'succeeded', output: { percent: 40 } });
  await session.frame('ack');
  const { message, body } = await hub.broker.next('answers/me');
  assert.deepEqual(message.correlationData, correlationData);
  assert.deepEqual(message.userProperties, { status: 'succeeded' });
  assert.deepEqual(body['output'], { percent: 40 });
  const statuses = ['accepted', 'sent', 'received', 'running', 'succeeded'];
  assert.deepEqual(hub.broker.statuses('d-1', 'c-1'), statuses);
  const running = await hub.broker.status('d-1', 'c-1', 'running');
  assert.deepEqual([running.body['percent'], running.body['note']], [50, 'half way']);
  for (const { topic, body: each } of hub.broker.published)
    assert.equal(mqttChecks.status(each), undefined, topic);
});

test('a command is on disk when its PUBACK may go out, and sent is on disk before the frame', async (t) => {
  const { hub } = await hubWith(t);
  await hub.command('command/d-1/queued', { id: 'c-1', params: { percent: 1 } });
  const stored = async (): Promise<unknown> =>
    (await hub.database.read('SELECT status FROM command'))[0]?.['status'];
  assert.ok(['accepted', 'queued'].includes(String(await stored())));
  const session = connect(hub);
  const written = Promise.withResolvers<unknown>();
  session.send = (frame) => {
    if (frame.type === 'command') void stored().then(written.resolve);
    return true;
  };
  assert.equal(await written.promise, 'sent');
});

test('an offline device: reject ends at once, queue waits its turn, latest keeps the newest', async (t) => {
  const { hub } = await hubWith(t);
  await hub.command('command/d-1/look', { id: 'r-1' });
  assert.equal((await hub.broker.status('d-1', 'r-1', 'rejected')).body['reason'], 'offline');
  await hub.command('command/d-1/queued', { id: 'q-1', params: { percent: 1 } });
  await hub.command('command/d-1/queued', { id: 'q-2', params: { percent: 2 } });
  await hub.command('command/d-1/newest', { id: 'n-1' });
  await hub.command('command/d-1/newest', { id: 'n-2' });
  assert.equal((await hub.broker.status('d-1', 'n-1', 'cancelled')).body['reason'], 'superseded');
  const session = connect(hub);
  for (const id of ['q-1', 'q-2', 'n-2']) {
    await session.frame('command', (frame) => frame.id === id);
    const underWay = session.frames.findLast(({ type }) => type === 'command');
    assert.ok(underWay?.type === 'command' && underWay.id === id, 'one at a time, in order');
    hub.dispatcher.result(session, { type: 'result', re: id, status: 'succeeded' });
    await session.frame('ack', (frame) => 're' in frame && frame.re === id);
  }
  assert.equal(hub.dispatcher.levels().open, 0);
});

test('what may not wait ends with the session, and a critical command never waits for another', async (t) => {
  const { hub } = await hubWith(t);
  const session = connect(hub);
  await hub.command('command/d-1/look', { id: 'c-1' });
  await hub.command('command/d-1/move', { id: 'c-2', params: {} });
  await hub.command('command/d-1/wipe', { id: 'c-3' });
  assert.equal((await hub.broker.status('d-1', 'c-3', 'rejected')).body['reason'], 'busy');
  await hub.broker.status('d-1', 'c-2', 'queued');
  hub.dispatcher.sessionClosed(session);
  assert.equal((await hub.broker.status('d-1', 'c-2', 'rejected')).body['reason'], 'offline');
  await hub.broker.status('d-1', 'c-1', 'uncertain');
});

test('an uncertain command is recalled before anything new is sent, and never sent again', async (t) => {
  const { hub, clock } = await hubWith(t);
  const first = connect(hub);
  await hub.command('command/d-1/queued', { id: 'c-1', params: { percent: 1 } });
  await first.frame('command');
  hub.dispatcher.sessionClosed(first);
  await hub.broker.status('d-1', 'c-1', 'uncertain');
  await hub.command('command/d-1/queued', { id: 'c-2', params: { percent: 2 } });
  const second = connect(hub, { epoch: 2 });
  assert.deepEqual(await second.frame('recall'), { type: 'recall', ids: ['c-1'] });
  assert.equal(second.frames.length, 1);
  hub.dispatcher.result(second, { type: 'result', re: 'c-1', status: 'unknown' });
  assert.equal((await hub.broker.status('d-1', 'c-1', 'rejected')).body['reason'], 'not-delivered');
  await second.frame('command', ({ id }) => id === 'c-2');
  await clock.advanceAsync(1);
  assert.equal(second.frames.filter((frame) => frame.type === 'command' && frame.id === 'c-1').length, 0);
});

test('a device that does not answer a recall gets its next command after a while, and is asked again', async (t) => {
  const { hub, clock } = await hubWith(t, { recallIntervalMs: 30_000 });
  const first = connect(hub);
  await hub.command('command/d-1/queued', { id: 'c-1', params: { percent: 1 }, ttlMs: 3_600_000 });
  await first.frame('command');
  hub.dispatcher.sessionClosed(first);
  const second = connect(hub, { epoch: 2 });
  await second.frame('recall');
  await hub.command('command/d-1/queued', { id: 'c-2', params: { percent: 2 }, ttlMs: 3_600_000 });
  await clock.advanceAsync(5_000);
  await second.frame('command', ({ id }) => id === 'c-2');
  await clock.advanceAsync(25_000);
  await waitFor(() => second.frames.filter(({ type }) => type === 'recall').length === 2, {
    what: 'a second recall',
  });
});

test('words of a replaced session do not count, and its close changes nothing', async (t) => {
  const { hub } = await hubWith(t);
  const first = connect(hub);
  await hub.command('command/d-1/look', { id: 'c-1' });
  await first.frame('command');
  const second = connect(hub, { epoch: 2 });
  hub.dispatcher.result(first, { type: 'result', re: 'c-1', status: 'succeeded' });
  hub.dispatcher.sessionClosed(first);
  await second.frame('recall');
  hub.dispatcher.result(second, { type: 'result', re: 'c-1', status: 'failed', error: 'valve stuck' });
  assert.equal((await hub.broker.status('d-1', 'c-1', 'failed')).body['reason'], 'valve stuck');
  assert.deepEqual(hub.broker.statuses('d-1', 'c-1'), ['accepted', 'sent', 'uncertain', 'failed']);
  assert.equal(first.frames.length, 1);
});

test('a command nobody answers is uncertain at its deadline and lost after a day', async (t) => {
  const { hub, clock } = await hubWith(t);
  const session = connect(hub);
  await hub.command('command/d-1/look', { id: 'c-1', ttlMs: 5_000 });
  await session.frame('command');
  clock.advance(5_000);
  assert.equal((await hub.broker.status('d-1', 'c-1', 'uncertain')).body['reason'], 'no-answer');
  await session.frame('recall');
  await clock.advanceAsync(24 * 3_600_000);
  await hub.broker.status('d-1', 'c-1', 'lost');
  hub.dispatcher.result(session, { type: 'result', re: 'c-1', status: 'succeeded' });
  await session.frame('ack');
  assert.equal((await hub.dispatcher.find('d-1', 'c-1'))?.command.status, 'lost');
  assert.equal(hub.dispatcher.counters.lateResults, 1);
});

test('a queued command expires at its deadline, on the hub clock also after a clock step', async (t) => {
  const { hub, clock } = await hubWith(t);
  await hub.command('command/d-1/queued', { id: 'c-1', params: { percent: 1 }, ttlMs: 10_000 });
  await hub.command('command/d-1/queued', { id: 'c-2', params: { percent: 1 }, ttlMs: 3_600_000 });
  clock.advance(10_000);
  await hub.broker.status('d-1', 'c-1', 'expired');
  clock.setNow(clock.now() + 3_600_000);
  const session = connect(hub);
  await hub.broker.status('d-1', 'c-2', 'expired');
  assert.deepEqual(session.frames, []);
});

test('a frame that does not fit the outbox was not delivered', async (t) => {
  const { hub } = await hubWith(t);
  const session = connect(hub);
  session.full = true;
  await hub.command('command/d-1/look', { id: 'c-1' });
  assert.equal((await hub.broker.status('d-1', 'c-1', 'rejected')).body['reason'], 'not-delivered');
  assert.deepEqual(hub.broker.statuses('d-1', 'c-1'), ['accepted', 'rejected']);
});

test("a result of a command that was never this device's is refused", async (t) => {
  const { hub } = await hubWith(t);
  hub.devices.set('d-2', valve);
  const session = connect(hub);
  await hub.command('command/d-1/look', { id: 'c-1' });
  await session.frame('command');
  const other = new FakeSession('d-2');
  hub.dispatcher.sessionOpened(other);
  hub.dispatcher.result(other, { type: 'result', re: 'c-1', status: 'succeeded' });
  assert.deepEqual(await other.frame('nack'), {
    type: 'nack',
    re: 'c-1',
    code: 'unknown-command',
    retry: false,
  });
  assert.equal(hub.dispatcher.counters.disowned, 1);
  assert.equal((await hub.dispatcher.find('d-1', 'c-1'))?.command.status, 'sent');
});

test('an output against the schema is dropped and named, and the status stands', async (t) => {
  const { hub } = await hubWith(t);
  const session = connect(hub);
  await hub.command('command/d-1/look', { id: 'c-1' });
  await session.frame('command');
  hub.dispatcher.result(session, {
    type: 'result',
    re: 'c-1',
    status: 'succeeded',
    output: { percent: 'half' },
  });
  const { body } = await hub.broker.status('d-1', 'c-1', 'succeeded');
  assert.equal(body['reason'], 'bad-output');
  assert.equal(body['output'], undefined);
  assert.deepEqual(body['errors'], [
    { path: '/percent', keyword: 'type', expected: 'number', got: '"half"' },
  ]);
  await session.frame('ack');
});

test('a result of which something was left out ends its command, the fault is named, and its reason cut between characters', async (t) => {
  const { hub } = await hubWith(t);
  const session = connect(hub);
  await hub.command('command/d-1/look', { id: 'c-1' });
  await session.frame('command');
  const fault = { path: '/more', keyword: 'name', expected: 'given once', got: 'given twice' };
  const error = `${'x'.repeat(255)}\u{1f525} pump on fire`;
  const output = { percent: 40 };
  hub.dispatcher.result(session, { type: 'result', re: 'c-1', status: 'failed', error, output }, fault);
  const { body } = await hub.broker.status('d-1', 'c-1', 'failed');
  assert.deepEqual([body['reason'], body['output'], body['errors']], ['x'.repeat(255), output, [fault]]);
  await session.frame('ack');
});

test('cancel ends what waits and asks the device about what was sent', async (t) => {
  const { hub } = await hubWith(t);
  const session = connect(hub);
  await hub.command('command/d-1/look', { id: 'c-1' });
  await hub.command('command/d-1/look', { id: 'c-2' });
  await session.frame('command');
  await hub.command('cancel/d-1/c-2');
  assert.equal((await hub.broker.status('d-1', 'c-2', 'cancelled')).body['reason'], 'on-request');
  await hub.command('cancel/d-1/c-1', '', { responseTopic: 'answers/me' });
  assert.deepEqual(await session.frame('cancel'), { type: 'cancel', re: 'c-1' });
  assert.equal((await hub.broker.next('answers/me')).body['cancelRequested'], true);
  const [row] = await hub.database.read("SELECT body FROM command WHERE id = 'c-1'");
  assert.match(String(row?.['body']), /"cancelRequested":true/);
  hub.dispatcher.result(session, { type: 'result', re: 'c-1', status: 'cancelled' });
  await hub.broker.status('d-1', 'c-1', 'cancelled');
});

test('Message Expiry counts towards the deadline; waiting for an unknown time ends a command', async (t) => {
  const { hub, clock } = await hubWith(t);
  const session = connect(hub);
  await hub.command('command/d-1/look', { id: 'c-1', ttlMs: 60_000 }, { messageExpirySec: 3, waited: true });
  assert.equal((await session.frame('command')).deadline, clock.now() + 3_000);
  await hub.command('command/d-1/look', { id: 'c-2', ttlMs: 60_000 }, { waited: true });
  assert.equal((await hub.broker.status('d-1', 'c-2', 'expired')).body['reason'], 'age-unknown');
  assert.equal(hub.dispatcher.counters.finals.expired, 1);
});

test('queues are bounded, and the refusal says so', async (t) => {
  const { hub } = await hubWith(t, { maxOpenPerDevice: 2, maxOpen: 3 });
  hub.devices.set('d-2', valve);
  const payload = { params: { percent: 1 } };
  for (let at = 0; at < 3; at++) await hub.command('command/d-1/queued', payload);
  assert.deepEqual(hub.dispatcher.counters.refused, { 'too-many': 1 });
  await Promise.all([1, 2].map(() => hub.command('command/d-2/queued', payload)));
  assert.deepEqual(hub.dispatcher.counters.refused, { 'too-many': 2 });
  assert.deepEqual(hub.dispatcher.levels(), { open: 3, uncertain: 0 });
});

test('removing a device ends its commands', async (t) => {
  const { hub } = await hubWith(t);
  const session = connect(hub);
  await hub.command('command/d-1/look', { id: 'c-1' });
  await hub.command('command/d-1/look', { id: 'c-2' });
  await session.frame('command');
  hub.devices.delete('d-1');
  await hub.dispatcher.removed('d-1');
  await hub.broker.status('d-1', 'c-1', 'lost');
  await hub.broker.status('d-1', 'c-2', 'cancelled');
});

test('a command that is being journalled as its device is removed ends with it', async (t) => {
  const { hub } = await hubWith(t);
  const asked = hub.command('command/d-1/queued', { id: 'c-1', params: { percent: 1 } });
  hub.devices.delete('d-1');
  await hub.dispatcher.removed('d-1');
  // A new device of the same name has none of it.
  hub.devices.set('d-1', valve);
  await asked;
  await hub.broker.status('d-1', 'c-1', 'cancelled');
  assert.equal(hub.dispatcher.levels().open, 0);
});
