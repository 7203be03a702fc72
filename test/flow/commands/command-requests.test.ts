import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mqttChecks } from '../../../schemas/index.ts';
import type { CommandHub } from '../../helpers/hubs/dispatcher.ts';
import { hubWith, connect } from '../../helpers/hubs/connected-hub.ts';

test('every refusal names its reason on the status topic and on the Response Topic, and nothing is journalled', async (t) => {
  const { hub } = await hubWith(t);
  const session = connect(hub);
  const cases: [string, string, unknown, Parameters<CommandHub['command']>[2]?][] = [
    ['retained', 'command/d-1/look', {}, { retain: true }],
    ['bad-payload', 'command/d-1/look', 'nonsense'],
    ['bad-payload', 'command/d-1/look', { ttlMs: -1 }],
    ['bad-params', 'command/d-1/queued', { params: { percent: 'half' } }],
    ['unknown-device', 'command/d-2/look', {}],
    ['unknown-command', 'command/d-1/fly', {}],
    ['id-required', 'command/d-1/move', {}],
    ['id-required', 'command/d-1/wipe', {}],
    ['unknown-id', 'cancel/d-1/c-9', {}],
  ];
  for (const [reason, topic, payload, message] of cases) {
    hub.broker.published.length = 0;
    await hub.command(topic, payload, { responseTopic: 'answers/me', ...message });
    const answer = await hub.broker.next('answers/me');
    assert.deepEqual(answer.message.userProperties, { status: 'rejected', reason }, topic);
    const status = hub.broker.published.find((each) => each.topic.startsWith('hub/v1/status/'));
    assert.match(status?.topic ?? '', /^hub\/v1\/status\/[^/]+\/[^/]+\/rejected$/);
    assert.equal(mqttChecks.status(status?.body), undefined);
  }
  assert.deepEqual(await hub.database.read('SELECT id FROM command'), []);
  assert.deepEqual(session.frames, []);
  assert.equal(hub.dispatcher.counters.refused['id-required'], 2);
  assert.equal(hub.dispatcher.counters.accepted, 0);
});

test('bad params are answered with the field and the rule', async (t) => {
  const { hub } = await hubWith(t);
  connect(hub);
  await hub.command('command/d-1/queued', { id: 'c-1', params: { percent: 101 } });
  const { body } = await hub.broker.status('d-1', 'c-1', 'rejected');
  assert.deepEqual(body['errors'], [
    { path: '/percent', keyword: 'maximum', expected: '<= 100', got: '101' },
  ]);
});

test('an answer is never sent to a topic of the hub or to a wildcard', async (t) => {
  const { hub } = await hubWith(t);
  connect(hub);
  for (const responseTopic of ['hub/v1/command/d-1/wipe', 'answers/#', '$SYS/x']) {
    await hub.command('command/d-1/look', { id: 'c-1' }, { responseTopic });
    const { body } = await hub.broker.status('d-1', 'c-1', 'rejected');
    assert.equal(body['reason'], 'bad-response-topic');
    assert.equal(hub.broker.published.length, 1);
    hub.broker.published.length = 0;
  }
});

test('the same id and params are one command, answered with its present status', async (t) => {
  const { hub } = await hubWith(t);
  const session = connect(hub);
  await hub.command('command/d-1/move', { id: 'c-1', params: { percent: 5 } });
  await session.frame('command');
  await hub.broker.status('d-1', 'c-1', 'sent');
  await hub.command(
    'command/d-1/move',
    { id: 'c-1', params: { percent: 5 } },
    { responseTopic: 'answers/me' },
  );
  assert.equal((await hub.broker.next('answers/me')).body['status'], 'sent');
  hub.dispatcher.result(session, { type: 'result', re: 'c-1', status: 'succeeded' });
  await hub.broker.status('d-1', 'c-1', 'succeeded');
  await hub.command(
    'command/d-1/move',
    { params: { percent: 5 } },
    {
      userProperties: { 'idempotency-key': 'c-1' },
      responseTopic: 'answers/again',
    },
  );
  assert.equal((await hub.broker.next('answers/again')).body['status'], 'succeeded');
  assert.equal(session.frames.filter(({ type }) => type === 'command').length, 1);
});

test('the same id with other params is refused and leaves the first command its one status', async (t) => {
  const { hub } = await hubWith(t);
  connect(hub);
  await hub.command('command/d-1/move', { id: 'c-1', params: { percent: 5 } });
  await hub.broker.status('d-1', 'c-1', 'sent');
  await hub.command(
    'command/d-1/move',
    { id: 'c-1', params: { percent: 6 } },
    { responseTopic: 'answers/me' },
  );
  const { body } = await hub.broker.next('answers/me');
  assert.deepEqual([body['reason'], body['requestedId']], ['id-conflict', 'c-1']);
  assert.notEqual(body['id'], 'c-1');
  assert.deepEqual(hub.broker.statuses('d-1', 'c-1'), ['accepted', 'sent']);
});

test('two requests with one id at the same moment become one command', async (t) => {
  const { hub } = await hubWith(t);
  const session = connect(hub);
  const request = { id: 'c-1', params: { percent: 5 } };
  await Promise.all(Array.from({ length: 8 }, () => hub.command('command/d-1/move', request)));
  await session.frame('command');
  assert.equal(hub.dispatcher.counters.accepted, 1);
  assert.equal(hub.dispatcher.counters.repeated, 7);
});

test('a redelivered packet is known again after a restart, also without an id', async (t) => {
  const { hub } = await hubWith(t);
  const packet = { session: 'hub-1', packetId: 7 };
  const payload = { params: { percent: 1 } };
  await hub.command('command/d-1/queued', payload, packet);
  await hub.restart();
  await hub.command('command/d-1/queued', payload, { ...packet, dup: true });
  assert.equal(hub.dispatcher.levels().open, 1);
  await hub.command('command/d-1/queued', payload, { ...packet, packetId: 8, dup: true });
  assert.equal(hub.dispatcher.levels().open, 2);
});
