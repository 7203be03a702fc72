import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OutgoingMessage, Publisher } from '../../../hub/bus/bus.ts';
import { topicsOf } from '../../../hub/bus/topics.ts';
import { PresenceAnnouncer } from '../../../hub/presence/presence-announcer.ts';
import type { Presence } from '../../../schemas/api/presence.ts';
import { HubError } from '../../../hub/kernel/errors.ts';
import { mqttChecks } from '../../../schemas/index.ts';
import { turn } from '../../helpers/hubs/session-fixture.ts';
import { silentLog } from '../../helpers/silent-log.ts';

/** A bus that takes, holds or refuses; it keeps what it took in the order it came. */
class ScriptedBus implements Publisher {
  mode: 'takes' | 'holds' | 'refuses' = 'takes';
  readonly taken: OutgoingMessage[] = [];
  asked = 0;
  readonly #held: (() => void)[] = [];

  async publish(message: OutgoingMessage): Promise<void> {
    this.asked += 1;
    if (this.mode === 'refuses') throw new HubError('bus-unavailable');
    if (this.mode === 'holds') await new Promise<void>((resolve) => this.#held.push(resolve));
    this.taken.push(message);
  }

  get held(): number {
    return this.#held.length;
  }

  release(): void {
    this.mode = 'takes';
    for (const resolve of this.#held.splice(0)) resolve();
  }

  /** The retained messages, by topic: the last one counts. */
  get retained(): Map<string, string> {
    return new Map(
      this.taken.filter(({ retain }) => retain === true).map(({ topic, payload }) => [topic, payload]),
    );
  }
}

function announcerOn(bus: ScriptedBus, maxChanges?: number): PresenceAnnouncer {
  const hub = { hubId: 'h1', incarnation: '7' };
  return new PresenceAnnouncer(
    { publisher: bus, topics: topicsOf('hub/v1'), log: silentLog, hub },
    maxChanges,
  );
}

const presence = (n: number, state: Presence['state'] = 'online'): Presence => ({
  state,
  reason: 'session-opened',
  sinceMs: 1_000,
  epoch: 2,
  n,
  marks: {},
});

test('a change goes out on its own topic and as the retained state, both as the schema says', async () => {
  const bus = new ScriptedBus();
  announcerOn(bus).presenceChanged('d1', { ...presence(1, 'sleeping'), untilMs: 9_000 });
  await turn();
  assert.deepEqual(
    bus.taken.map(({ topic, qos, retain }) => ({ topic, qos, retain })),
    [
      { topic: 'hub/v1/presence-change/d1/sleeping', qos: 1, retain: undefined },
      { topic: 'hub/v1/presence/d1', qos: 1, retain: true },
    ],
  );
  for (const { payload } of bus.taken) {
    const body: unknown = JSON.parse(payload);
    assert.equal(mqttChecks.presence(body), undefined);
    assert.deepEqual(body, {
      state: 'sleeping',
      since: 1_000,
      epoch: 2,
      n: 1,
      reason: 'session-opened',
      hub: 'h1',
      incarnation: '7',
      until: 9_000,
    });
  }
});

test('while the bus does not answer only the newest state of each device waits', async () => {
  const bus = new ScriptedBus();
  const announcer = announcerOn(bus, 10);
  bus.mode = 'holds';
  for (let n = 1; n <= 1_000; n++) announcer.presenceChanged(`d${n % 3}`, presence(n));
  await turn();
  assert.ok(bus.held <= 64, 'a bounded number is under way');
  assert.ok(announcer.droppedChanges > 900, 'what was dropped is counted');
  bus.release();
  await turn();
  for (const [index, newest] of [999, 1_000, 998].entries()) {
    assert.equal(JSON.parse(bus.retained.get(`hub/v1/presence/d${index}`) ?? '{}').n, newest);
  }
  const changes = bus.taken.filter(({ retain }) => retain !== true).length;
  assert.equal(changes + announcer.droppedChanges, 1_000, 'every change is told or counted');
});

test('a removed device has its retained state cleared', async () => {
  const bus = new ScriptedBus();
  const announcer = announcerOn(bus);
  announcer.presenceChanged('d1', presence(1));
  let told = 0;
  announcer.removed('d1', () => (told += 1));
  assert.equal(told, 0);
  await turn();
  assert.equal(bus.retained.get('hub/v1/presence/d1'), '');
  assert.equal(told, 1);
});

test('a removal is through only when the bus has taken what came after it', async () => {
  const bus = new ScriptedBus();
  const announcer = announcerOn(bus);
  bus.mode = 'holds';
  announcer.presenceChanged('d1', presence(1));
  let told = 0;
  bus.mode = 'refuses';
  announcer.removed('d1', () => (told += 1));
  await turn();
  bus.release();
  bus.mode = 'refuses';
  await turn();
  assert.equal(told, 0, 'the state of before does not count, nor a refusal');
  // The device is registered again before the broker is back: its new state does as well.
  bus.mode = 'takes';
  announcer.repeat([['d1', presence(0, 'never-seen')]]);
  await turn();
  assert.equal(told, 1);
  assert.equal(JSON.parse(bus.retained.get('hub/v1/presence/d1') ?? '{}').state, 'never-seen');
  announcer.presenceChanged('d1', presence(1));
  await turn();
  assert.equal(told, 1);
});

test('a state the bus did not take is counted, and told with the next change without a pause of hammering', async () => {
  const bus = new ScriptedBus();
  const announcer = announcerOn(bus);
  bus.mode = 'refuses';
  announcer.presenceChanged('d1', presence(1));
  announcer.presenceChanged('d2', presence(1));
  await turn();
  assert.equal(bus.asked, 4, 'asked once each');
  assert.equal(announcer.stateFailures, 2);
  assert.equal(announcer.droppedChanges, 2);
  bus.mode = 'takes';
  announcer.presenceChanged('d3', presence(1));
  await turn();
  assert.deepEqual(
    [...bus.retained.keys()].toSorted(),
    ['d1', 'd2', 'd3'].map((id) => `hub/v1/presence/${id}`),
  );
});

test('a state that failed never overwrites a newer one', async () => {
  const bus = new ScriptedBus();
  const announcer = announcerOn(bus);
  bus.mode = 'refuses';
  announcer.presenceChanged('d1', presence(1));
  bus.mode = 'takes';
  announcer.presenceChanged('d1', presence(2));
  await turn();
  announcer.presenceChanged('d2', presence(1));
  await turn();
  const states = bus.taken
    .filter(({ topic }) => topic === 'hub/v1/presence/d1')
    .map(({ payload }) => JSON.parse(payload).n);
  assert.deepEqual(states, [2]);
});

test('the states are told again without a change when the broker may have lost them', async () => {
  const bus = new ScriptedBus();
  announcerOn(bus).repeat([
    ['d1', presence(4)],
    ['d2', presence(1, 'offline')],
  ]);
  await turn();
  assert.deepEqual(
    bus.taken.map(({ topic, retain }) => ({ topic, retain })),
    [
      { topic: 'hub/v1/presence/d1', retain: true },
      { topic: 'hub/v1/presence/d2', retain: true },
    ],
  );
});
