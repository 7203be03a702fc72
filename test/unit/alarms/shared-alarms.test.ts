import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAlarmOperations } from '../../../hub/alarms/alarm-operations.ts';
import type { AlarmChange, AlarmNews, AlarmSaved, StoredAlarm } from '../../../hub/alarms/alarm-store.ts';
import type { Problem } from '../../../hub/alarms/alarm.ts';
import { Alarms } from '../../../hub/alarms/alarms.ts';
import { SharedAlarms } from '../../../hub/alarms/shared-alarms.ts';
import type { Requester } from '../../../schemas/api/requester.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { silentLog } from '../../helpers/silent-log.ts';

const requester: Requester = { actor: 'operator:anna', origin: 'http' };
const hot: Problem = {
  source: 'limit.env.t.high',
  kind: 'limit',
  severity: 'warning',
  text: 'hot',
  lasting: true,
};
const onlyOne = [{ device: 'd-1', source: hot.source, count: 1 }];

/** One database, as the stores of PostgreSQL keep it. */
class SharedMemory {
  readonly rows = new Map<string, StoredAlarm>();
  readonly notes: { device: string; source: string }[] = [];
  #rev = 0;

  async save(changes: readonly AlarmChange[]): Promise<AlarmSaved[]> {
    await turn();
    return changes.map(({ name, row, from }) => {
      const key = `${name.device} ${name.source}`;
      const now = this.rows.get(key);
      if (now?.rev !== from) return { kind: 'overtaken', now };
      this.notes.push(name);
      this.#rev += 1;
      if (row === undefined) this.rows.delete(key);
      else this.rows.set(key, { row, rev: this.#rev });
      return { kind: 'saved', rev: this.#rev };
    });
  }

  reader(): () => Promise<AlarmNews> {
    let from = this.notes.length;
    return () => {
      const names = this.notes.slice(from);
      from = this.notes.length;
      const alarms = names.map((name) => ({ name, now: this.rows.get(`${name.device} ${name.source}`) }));
      return Promise.resolve({ alarms, silences: false, webhooks: false });
    };
  }
}

function startHub(memory: SharedMemory, clock: ManualClock) {
  const told: string[] = [];
  const owed: string[] = [];
  const alarms = new Alarms({
    clock,
    log: silentLog,
    audit: {
      record: () => Promise.resolve(),
      entryOf: () => assert.fail(),
      noted: () => undefined,
      refused: () => undefined,
    },
    store: { load: () => Promise.resolve([]), save: (changes) => memory.save(changes) },
    isRegistered: () => true,
    isSilenced: () => false,
    followers: [
      {
        alarmChanged: ({ state }) => told.push(state),
        alarmChangedElsewhere: ({ state }) => told.push(`${state} elsewhere`),
      },
    ],
    webhooks: {
      deliveriesOf: ({ state }) => [{ id: state, webhook: 'w', createdMs: 1, body: '' }],
      owe: (deliveries) => owed.push(...deliveries.map(({ id }) => id)),
    },
  });
  const nothing = { refresh: () => Promise.resolve() };
  const shared = new SharedAlarms({
    clock,
    log: silentLog,
    store: { changed: memory.reader() },
    alarms,
    // Nothing else is read of them.
    silences: nothing as never,
    webhooks: nothing as never,
    writeChanged: () => undefined,
  });
  const operations = createAlarmOperations({ alarms, silences: nothing as never, recordOf: () => undefined });
  const states = (): string[] => [...alarms.all()].map(({ row }) => `${row.state} ${row.count}`);
  return { alarms, operations, told, owed, states, readNews: () => shared.readNews() };
}

function startHubs() {
  const [memory, clock] = [new SharedMemory(), new ManualClock()];
  return { memory, clock, a: startHub(memory, clock), b: startHub(memory, clock) };
}

/** Everything that is under way to the store has come there. */
const settled = async (...hubs: { alarms: Alarms }[]): Promise<void> => {
  for (const { alarms } of hubs) await alarms.close();
};
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('an alarm that one hub raises is acknowledged at another, and the hub that raised it clears it', async () => {
  const { a, b, clock } = startHubs();
  a.alarms.raise('d-1', hot);
  await settled(a);
  assert.deepEqual(b.states(), []);
  await b.readNews();
  assert.deepEqual([b.states(), b.told], [['raised 1'], ['raised elsewhere']]);
  const report = await b.operations.acknowledge({ alarms: onlyOne, requester });
  assert.equal(report.acknowledged, 1);
  await a.readNews();
  assert.deepEqual(a.alarms.counts(), b.alarms.counts());
  clock.advance(120_000);
  a.alarms.clear('d-1', hot.source);
  await settled(a);
  await b.readNews();
  assert.deepEqual([a.states(), b.states()], [['closed 1'], ['closed 1']]);
  assert.deepEqual([a.owed, b.owed], [['raised', 'closed'], ['acknowledged']]);
});

for (const first of ['acknowledgement', 'end'] as const) {
  test(`of an acknowledgement and the end of an alarm at two hubs at once none is lost, the ${first} being first`, async () => {
    const { a, b } = startHubs();
    a.alarms.raise('d-1', hot);
    await settled(a);
    await b.readNews();
    const end = (): void => a.alarms.clear('d-1', hot.source);
    if (first === 'end') end();
    const acknowledged = b.operations.acknowledge({ alarms: onlyOne, requester });
    if (first === 'acknowledgement') end();
    await acknowledged;
    await settled(a, b);
    await Promise.all([a.readNews(), b.readNews()]);
    assert.deepEqual([a.states(), b.states()], [['closed 1'], ['closed 1']]);
    for (const { row } of a.alarms.all()) assert.equal(row.acknowledged?.actor, 'operator:anna');
  });
}

test('two hubs that find the same wrong at once raise one alarm, and webhooks are owed it once', async () => {
  const { a, b } = startHubs();
  a.alarms.raise('d-1', hot);
  b.alarms.raise('d-1', hot);
  await settled(a, b);
  assert.deepEqual([a.states(), b.states()], [['raised 1'], ['raised 1']]);
  assert.deepEqual([...a.owed, ...b.owed], ['raised']);
});

test('an acknowledgement does not hold for an alarm that another hub has raised again before', async () => {
  const { a, b, clock } = startHubs();
  a.alarms.raise('d-1', hot);
  await settled(a);
  await b.readNews();
  a.alarms.clear('d-1', hot.source);
  clock.advance(120_000);
  a.alarms.raise('d-1', hot);
  await settled(a);
  await b.operations.acknowledge({ alarms: onlyOne, requester });
  assert.deepEqual(b.states(), ['raised 2']);
});

test('news that were read while an alarm changed here do not undo the change', async () => {
  const { memory, a, b } = startHubs();
  a.alarms.raise('d-1', hot);
  await settled(a);
  const before = memory.rows.get(`d-1 ${hot.source}`);
  await b.readNews();
  b.alarms.beginReading();
  await b.operations.acknowledge({ alarms: onlyOne, requester });
  b.alarms.learn([{ name: { device: 'd-1', source: hot.source }, now: before }]);
  b.alarms.learn([{ name: { device: 'd-1', source: hot.source }, now: undefined }]);
  assert.deepEqual(b.states(), ['acknowledged 1']);
});

test('alarms that two hubs raised at once are on one page', async () => {
  const { a, b } = startHubs();
  a.alarms.raise('d-1', hot);
  b.alarms.raise('d-2', hot);
  await settled(a, b);
  await a.readNews();
  const page = a.operations.list({ state: 'open', silenced: 'with', limit: 1 });
  assert.deepEqual([page.alarms.length, page.next], [2, null]);
});
