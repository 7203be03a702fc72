import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { refuseRoot, topicsOf } from '../../../hub/bus/topics.ts';

const topics = topicsOf('hub/v1');
const name = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/);

test('topics are built as documented', () => {
  assert.equal(topics.command('d-1', 'set-interval'), 'hub/v1/command/d-1/set-interval');
  assert.equal(topics.groupCommand('site-a', 'reboot'), 'hub/v1/group-command/site-a/reboot');
  assert.equal(topics.cancel('d-1', 'c1'), 'hub/v1/cancel/d-1/c1');
  assert.equal(topics.status('d-1', 'c1', 'running'), 'hub/v1/status/d-1/c1/running');
  assert.equal(topics.presence('d-1'), 'hub/v1/presence/d-1');
  assert.equal(topics.presenceChange('d-1', 'online'), 'hub/v1/presence-change/d-1/online');
  assert.equal(topics.telemetry('d-1', 'env'), 'hub/v1/telemetry/d-1/env');
  assert.equal(topics.event('d-1', 'door-open'), 'hub/v1/event/d-1/door-open');
  assert.deepEqual(
    [topics.twin('d-1'), topics.twinDesired('d-1')],
    ['hub/v1/twin/d-1', 'hub/v1/twin-desired/d-1'],
  );
  assert.equal(topics.firmwareStatus('r-1', 'd-1', 'soaking'), 'hub/v1/firmware-status/r-1/d-1/soaking');
  assert.equal(topics.hub('h1'), 'hub/v1/hub/h1');
  assert.equal(topics.marker('h1'), 'hub/v1/hub/h1/marker');
  assert.deepEqual([topics.hubFilter, topics.hubOf('hub/v1/hub/h1')], ['hub/v1/hub/+', 'h1']);
  assert.deepEqual(
    [topics.hubOf('hub/v1/hub/h1/marker'), topics.hubOf('hub/v2/hub/h1')],
    [undefined, undefined],
  );
  assert.deepEqual(topics.requestFilters, [
    'hub/v1/command/+/+',
    'hub/v1/group-command/+/+',
    'hub/v1/cancel/+/+',
    'hub/v1/twin-desired/+',
  ]);
});

test('every request topic built from names is read back as the same request', () => {
  fc.assert(
    fc.property(name, name, (first, second) => {
      assert.deepEqual(topics.parse(topics.command(first, second)), {
        kind: 'command',
        device: first,
        name: second,
      });
      assert.deepEqual(topics.parse(topics.groupCommand(first, second)), {
        kind: 'group-command',
        group: first,
        name: second,
      });
      assert.deepEqual(topics.parse(topics.cancel(first, second)), {
        kind: 'cancel',
        device: first,
        commandId: second,
      });
      assert.deepEqual(topics.parse(topics.twinDesired(first)), { kind: 'twin-desired', device: first });
    }),
  );
});

test('a name that could be more than one level, or a wildcard, is never built into a topic', () => {
  for (const bad of ['', '+', '#', 'a/b', 'a b', 'ü', '$SYS', 'a'.repeat(65), 'a\u0000']) {
    assert.throws(() => topics.command('d-1', bad), RangeError, bad);
    assert.throws(() => topics.status(bad, 'c', 'sent'), RangeError, bad);
  }
});

test('whatever the topic, parsing gives a request only for names of the grammar', () => {
  const level = fc.oneof(
    name,
    fc.string(),
    fc.constantFrom('command', 'cancel', 'twin-desired', 'hub', 'v1', '+', '#', ''),
  );
  fc.assert(
    fc.property(fc.array(level, { maxLength: 7 }), (levels) => {
      const topic = ['hub/v1', ...levels].join('/');
      const request = topics.parse(topic);
      if (request === undefined) return;
      const rebuilt =
        request.kind === 'command'
          ? topics.command(request.device, request.name)
          : request.kind === 'cancel'
            ? topics.cancel(request.device, request.commandId)
            : request.kind === 'twin-desired'
              ? topics.twinDesired(request.device)
              : topics.groupCommand(request.group, request.name);
      assert.equal(rebuilt, topic);
    }),
  );
  for (const topic of [
    'hub/v1/command/d',
    'hub/v1/command/d/n/x',
    'hub/v1/twin-desired/d/n',
    'hub/v1/twin-desired',
    'hub/v1/status/d/n',
    'hub/v2/command/d/n',
    'x',
  ]) {
    assert.equal(topics.parse(topic), undefined, topic);
  }
});

test('a root with wildcards, empty levels or too many of them is refused', () => {
  for (const root of ['', '/hub', 'hub/', 'hub//v1', '+', 'hub/#', '$SYS/hub', 'a/b/c/d/e']) {
    assert.notEqual(refuseRoot(root), undefined, root);
    assert.throws(() => topicsOf(root), RangeError, root);
  }
  for (const root of ['hub', 'hub/v1', 'acme/site-1/hub/v1']) {
    assert.equal(refuseRoot(root), undefined, root);
    assert.ok(topicsOf(root).status('d', 'c', 'sent').split('/').length <= 8);
  }
});

test('an answer never goes to a topic of the hub, to a wildcard or to the broker itself', () => {
  const refused = [
    '',
    'a/+/b',
    'a/#',
    '$SYS/x',
    'hub/v1',
    'hub/v1/command/d-1/reboot',
    'hub/v1/presence/d-1',
    'hub/v1/answer',
    'a\u0000b',
    'a/b/c/d/e/f/g/h/i',
    'x'.repeat(513),
  ];
  for (const topic of refused) assert.notEqual(topics.refuseResponseTopic(topic), undefined, topic);
  for (const topic of ['answers/me', 'hub/v1/answer/me', 'hub/v10/x', 'hub/v2/command/d/x']) {
    assert.equal(topics.refuseResponseTopic(topic), undefined, topic);
  }
});
