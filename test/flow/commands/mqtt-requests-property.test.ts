import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { IncomingMessage, OutgoingMessage } from '../../../hub/bus/bus.ts';
import { topicsOf } from '../../../hub/bus/topics.ts';
import { MqttGroupRequests } from '../../../hub/commands/group/mqtt-group-requests.ts';
import { CommandAudit } from '../../../hub/commands/command-audit.ts';
import { newCommandCounters } from '../../../hub/commands/command-counters.ts';
import { StatusPublisher } from '../../../hub/commands/status-publisher.ts';
import { HubError } from '../../../hub/kernel/errors.ts';
import { limits } from '../../../schemas/limits.ts';
import { refusalReasons } from '../../../schemas/api/error-codes.ts';
import { commandStatuses } from '../../../schemas/command-status.ts';
import { systemClock } from '../../../schemas/time/clock.ts';
import { hostileJson, hostileName, hostileNumber, hostileText } from '../../helpers/fuzz/hostile-values.ts';
import { log, startCommandHub, valve } from '../../helpers/hubs/dispatcher.ts';

const level = fc.oneof(hostileText, fc.constantFrom('d-1', 'unknown', 'c-1', ...valve.commands.keys()));
const topic = fc
  .oneof(
    { weight: 6, arbitrary: fc.tuple(fc.constantFrom('command', 'cancel'), fc.constant('d-1'), level) },
    fc.tuple(fc.constantFrom('command', 'cancel', 'group-command', 'status', '__proto__'), level, level),
  )
  .map((levels) => levels.join('/'));

const member = fc.oneof(hostileName, hostileText, fc.constantFrom('id', 'params', 'ttlMs', 'percent'));
const value = fc.oneof(hostileJson, hostileNumber, fc.constantFrom('c-1', 60_000));
const object = fc
  .array(fc.tuple(member, value), { maxLength: 4 })
  .map((members) => Object.fromEntries(members) as Record<string, unknown>);
const payload = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(object, object).map(([outer, params]) => ({ ...outer, params })) },
  object,
  hostileText,
  fc.constantFrom(
    '',
    '\ufeff{}',
    '[',
    '{"id":"c-1","id":"c-2"}',
    '{"ttlMs":1e999}',
    '{"params":{"percent":-0}}',
  ),
);

/** What a broker hands on besides: texts in UTF-8, numbers within their field. */
const utf8 = hostileText.map((text) => text.toWellFormed());
const message: fc.Arbitrary<Partial<IncomingMessage>> = fc.record(
  {
    retain: fc.boolean(),
    dup: fc.boolean(),
    waited: fc.boolean(),
    packetId: fc.constantFrom(1, 65_535),
    session: fc.constant('hub'),
    actor: utf8,
    responseTopic: fc.oneof(
      utf8,
      fc.constantFrom(
        'answers/1',
        'answers/\ufffe',
        '\u{1ffff}/a',
        '/',
        'hub/v1/answer/x',
        'hub/v1/command/d-1/wipe',
      ),
    ),
    correlationData: fc.constantFrom(Buffer.alloc(0), Buffer.alloc(1_024), Buffer.alloc(1_025)),
    messageExpirySec: fc.constantFrom(0, 1, 4_294_967_295),
    userProperties: fc.tuple(member, utf8).map(([name, text]) => ({ [name]: text, 'idempotency-key': text })),
  },
  { requiredKeys: [] },
);

/** [MQTT-1.5.4-1], [MQTT-3.3.2-2]: a broker closes the connection of a hub that publishes anything else. */
function assertPublishable({ topic: to, userProperties = {}, payload: text }: OutgoingMessage): void {
  for (const shown of [to, ...Object.entries(userProperties).flat()])
    assert.match(shown, /^[^\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]*$/u);
  assert.match(to, /^[^+#$][^+#]*$/);
  assert.ok(Buffer.byteLength(to) <= 65_535);
  assert.ok(text.isWellFormed());
}

test('a request over MQTT with hostile names, texts and numbers is answered with what a broker takes, and never thrown at it', async (t) => {
  const hub = await startCommandHub(systemClock);
  t.after(() => hub.close());
  await fc.assert(
    fc.asyncProperty(topic, payload, message, async (to, body, besides) => {
      const before = hub.broker.published.length;
      const parsed = topicsOf('hub/v1').parse(`hub/v1/${to}`);
      const asked = hub.command(to, body, besides);
      if (parsed?.kind === 'group-command') {
        await assert.rejects(asked, { code: 'bus-unavailable' });
        return;
      }
      await asked;
      const answers = hub.broker.published.slice(before);
      if (parsed === undefined) assert.deepEqual(answers, []);
      else if (besides.dup !== true) assert.notEqual(answers.length, 0, 'nothing is left without an answer');
      for (const { message: answer, body: said } of answers) {
        assertPublishable(answer);
        assert.ok((commandStatuses as readonly unknown[]).includes(said['status']));
        if (said['status'] !== 'rejected') continue;
        const { reason, errors = [] } = said as { reason: string; errors?: Record<string, string>[] };
        // A command that is in the journal is rejected because its device is offline.
        assert.ok(reason === 'offline' || Object.hasOwn(refusalReasons, reason), reason);
        for (const error of errors)
          for (const [part, text] of Object.entries(error)) {
            assert.ok(text.isWellFormed(), text);
            assert.ok(text.length <= (part === 'path' ? limits.path : 300), text);
          }
      }
    }),
    { numRuns: 600 },
  );
});

test('a group command that comes while the hub stops is thrown, so that the broker sends it again; any other fault is answered', async () => {
  const counters = newCommandCounters();
  const published: OutgoingMessage[] = [];
  const publisher = {
    publish: (answer: OutgoingMessage) => {
      published.push(answer);
      return Promise.resolve();
    },
  };
  let fault: Error = new HubError('bus-unavailable', 'the hub is stopping');
  const requests = new MqttGroupRequests({
    clock: systemClock,
    random: Math.random,
    log,
    topics: topicsOf('hub/v1'),
    statuses: new StatusPublisher({ publisher, log, counters }),
    journal: { groups: () => Promise.resolve([{ name: 'all', selector: 'all' }]) },
    groupCommands: { send: () => Promise.reject(fault) },
    answers: { publish: () => undefined },
    audit: new CommandAudit({ record: () => Promise.resolve(), noted: () => undefined }, counters),
    counters,
    hasOtherHubs: () => false,
  });
  const ask = () =>
    requests.command({
      group: 'all',
      name: 'look',
      message: {
        topic: 'hub/v1/group-command/all/look',
        payload: Buffer.from('{}'),
        retain: false,
        dup: false,
      },
      requester: { actor: 'mqtt', origin: 'mqtt' },
    });
  await assert.rejects(ask(), { code: 'bus-unavailable' });
  assert.equal(published.length, 0);
  for (fault of [new HubError('database-failed', 'closed'), new TypeError('a bug')]) {
    await ask();
    const answer = JSON.parse(published.at(-1)?.payload ?? '{}') as { status?: string; reason?: string };
    assert.deepEqual([answer.status, answer.reason], ['rejected', 'unavailable']);
  }
});
