import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAlarmOperations } from '../../../hub/alarms/alarm-operations.ts';
import { Alarms } from '../../../hub/alarms/alarms.ts';
import { DeviceProblems } from '../../../hub/alarms/device-problems.ts';
import { HubProblems } from '../../../hub/alarms/hub-problems.ts';
import { LimitWatch } from '../../../hub/alarms/limit-watch.ts';
import { Silences } from '../../../hub/alarms/silences.ts';
import type { Problem } from '../../../hub/alarms/alarm.ts';
import type { AlarmQuery, AlarmView, Silence } from '../../../schemas/api/alarms.ts';
import type { Requester } from '../../../schemas/api/requester.ts';
import { compileDeviceType } from '../../../schemas/index.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { silentLog } from '../../helpers/silent-log.ts';
import { MemoryAlarms } from '../../helpers/stores/memory-alarms.ts';

const requester: Requester = { actor: 'operator:anna', origin: 'http' };
const query: AlarmQuery = { state: 'open', silenced: 'with', limit: 100 };
const offline: Problem = {
  source: 'offline',
  kind: 'offline',
  severity: 'warning',
  text: 'offline',
  lasting: true,
};

const type = compileDeviceType(
  {
    name: 'meter',
    version: 1,
    streams: {
      env: {
        type: 'object',
        properties: { t: { type: 'number', unit: 'Cel', 'x-low': 0, 'x-high': 50, 'x-delaySec': 10 } },
        required: ['t'],
        additionalProperties: false,
      },
    },
    presence: { heartbeatSec: 30, alarmAfterSec: 300 },
  },
  'meter@1.json',
);

async function start(store = new MemoryAlarms(), clock = new ManualClock()) {
  const records = new Map(
    ['d-1', 'd-2', 'd-3'].map((id, at) => [id, { id, type: 'meter@1', site: at === 0 ? 'a' : 'b' }]),
  );
  const recordOf = (id: string) => records.get(id);
  const kept: Silence[] = [];
  const audited: string[] = [];
  const audit = {
    record: async ({ action, subject }: { action: string; subject: string }) => {
      audited.push(`${action} ${subject}`);
    },
    entryOf: () => assert.fail(),
    noted: () => undefined,
    refused: () => undefined,
  };
  const log = silentLog;
  let ids = 0;
  const silences = new Silences({
    clock,
    log,
    audit,
    recordOf,
    newId: () => String((ids += 1)),
    store: {
      load: () => Promise.resolve(kept),
      save: async (silence) => void kept.push(silence),
      remove: () => Promise.resolve(),
    },
  });
  const told: AlarmView[] = [];
  const alarms = new Alarms({
    clock,
    log,
    audit,
    store,
    isRegistered: (id) => records.has(id),
    isSilenced: (id) => silences.covers(id),
    followers: [{ alarmChanged: (alarm) => told.push(alarm) }],
    webhooks: { deliveriesOf: () => [], owe: () => undefined },
  });
  silences.follow(() => alarms.silencesChanged());
  await alarms.load();
  const operations = createAlarmOperations({ alarms, silences, recordOf });
  const explained = new Set<string>();
  const deps = { clock, alarms, typeOf: () => type };
  const problems = new DeviceProblems({ ...deps, isExplained: (id) => explained.has(id) });
  const limits = new LimitWatch(deps);
  const streamOf = (id: string) => {
    const stream = limits.followStream(id, type, 'env');
    assert.ok(stream);
    return stream;
  };
  const states = (): string[] =>
    operations.list(query).alarms.map(({ device, source, state }) => `${device} ${source} ${state}`);
  return {
    store,
    clock,
    alarms,
    silences,
    operations,
    problems,
    streamOf,
    told,
    audited,
    explained,
    states,
    records,
  };
}

/** Everything that is under way to the disk has come there. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a change is reported once it is on disk, and all of it is there after a restart', async () => {
  const first = await start();
  first.alarms.raise('d-1', offline);
  assert.deepEqual(first.told, []);
  await turn();
  assert.deepEqual(
    first.told.map(({ state }) => state),
    ['raised'],
  );
  await first.alarms.acknowledge({ alarms: [{ device: 'd-1', source: 'offline' }], requester });
  assert.deepEqual(first.audited, ['alarm.acknowledge d-1 offline']);
  first.alarms.raise('d-2', offline);
  await turn();
  const second = await start(first.store);
  assert.deepEqual(second.states(), ['d-2 offline raised', 'd-1 offline acknowledged']);
  second.alarms.clear('d-1', 'offline');
  assert.deepEqual(second.states(), ['d-2 offline raised']);
});

test('what the disk does not take is reported once, is not acknowledged as stored, and is written later', async () => {
  const { store, alarms, told, clock } = await start();
  store.broken = true;
  alarms.raise('d-1', offline);
  await turn();
  assert.equal(told.length, 1);
  const asked = { alarms: [{ device: 'd-1', source: 'offline' }], requester };
  await assert.rejects(alarms.acknowledge(asked), { code: 'database-failed' });
  assert.equal(store.rows.size, 0);
  store.broken = false;
  clock.advance(1_000);
  await turn();
  assert.equal(store.rows.get('d-1 offline')?.state, 'acknowledged');
  assert.deepEqual(
    told.map(({ state }) => state),
    ['raised', 'acknowledged'],
  );
});

test('a database that is away is tried once a second, however many alarms change', async () => {
  const { store, alarms, clock } = await start();
  store.broken = true;
  for (let change = 0; change < 20; change += 1) {
    if (change % 2 === 0) alarms.raise('d-1', offline);
    else alarms.clear('d-1', 'offline');
    await turn();
  }
  assert.equal(store.attempts, 1);
  clock.advance(1_000);
  await turn();
  assert.equal(store.attempts, 2);
  store.broken = false;
  clock.advance(1_000);
  await turn();
  assert.equal(store.rows.size, 1);
});

test('an alarm that was raised again since somebody looked is not acknowledged', async () => {
  const { alarms, clock } = await start();
  alarms.raise('d-1', offline);
  alarms.clear('d-1', 'offline');
  clock.advance(120_000);
  alarms.raise('d-1', offline);
  const key = { device: 'd-1', source: 'offline' };
  const old = await alarms.acknowledge({ alarms: [{ ...key, count: 1 }], requester });
  assert.deepEqual(old, { acknowledged: 0, already: 0, raisedAgain: 1, unknown: 0 });
  const now = await alarms.acknowledge({ alarms: [{ ...key, count: 2 }, key], requester });
  assert.deepEqual(now, { acknowledged: 1, already: 1, raisedAgain: 0, unknown: 0 });
});

test('somebody who may see some devices sees and acknowledges the alarms of those, and none of the hub', async () => {
  const { alarms, operations } = await start();
  for (const device of ['d-1', 'd-2', undefined]) alarms.raise(device, offline);
  const mayShow = (id: string): boolean => id === 'd-1';
  const { alarms: shown, counts } = operations.list(query, mayShow);
  assert.deepEqual([shown.map(({ device }) => device), counts.raised], [['d-1'], 1]);
  const keys = [
    { device: 'd-2', source: 'offline' },
    { device: null, source: 'offline' },
  ];
  const done = await operations.acknowledge({ alarms: keys, requester, mayShow });
  assert.deepEqual(done, { acknowledged: 0, already: 0, raisedAgain: 0, unknown: 2 });
});

test('a silence marks the alarms of its devices, and what is still wrong is reported when it ends', async () => {
  const { alarms, silences, clock, told, operations, audited } = await start();
  alarms.raise('d-2', offline);
  await turn();
  const untilMs = clock.now() + 60_000;
  await silences.add({ to: 'site=b', untilMs, reason: 'works' }, requester);
  alarms.raise('d-3', offline);
  alarms.raise('d-1', offline);
  await turn();
  assert.deepEqual(
    told.map(({ device, silenced }) => [device, silenced]),
    [
      ['d-2', false],
      ['d-2', true],
      ['d-3', true],
      ['d-1', false],
    ],
  );
  assert.deepEqual(operations.list(query).counts, { raised: 1, acknowledged: 0, cleared: 0, silenced: 2 });
  const without = operations.list({ ...query, silenced: 'without' }).alarms;
  assert.deepEqual(
    without.map(({ device }) => device),
    ['d-1'],
  );
  assert.deepEqual(audited, ['silence.add site=b']);
  clock.advance(60_000);
  silences.sweep();
  assert.deepEqual(
    told.slice(4).map(({ device, silenced }) => [device, silenced]),
    [
      ['d-2', false],
      ['d-3', false],
    ],
  );
  await assert.rejects(silences.add({ to: 'site=b', untilMs, reason: 'late' }, requester), {
    code: 'input-invalid',
  });
});

test('a device that stays away is an alarm after the time of its type, and from the start of the hub on', async () => {
  const { problems, clock, states } = await start();
  const away = { state: 'offline', sinceMs: clock.now() - 3_600_000 } as const;
  problems.presenceChanged('d-1', away);
  clock.advance(299_000);
  problems.sweep();
  assert.deepEqual(states(), []);
  clock.advance(1_000);
  problems.sweep();
  assert.deepEqual(states(), ['d-1 offline raised']);
  problems.presenceChanged('d-1', { state: 'unknown', sinceMs: clock.now() });
  assert.deepEqual(states(), ['d-1 offline raised']);
  problems.presenceChanged('d-1', { state: 'online', sinceMs: clock.now() });
  assert.deepEqual(states(), ['d-1 offline cleared']);
});

test('an incident stands for the alarms of its devices, and those that are away after it are raised', async () => {
  const { problems, clock, states, explained } = await start();
  for (const id of ['d-1', 'd-2']) problems.presenceChanged(id, { state: 'offline', sinceMs: clock.now() });
  explained.add('d-2');
  clock.advance(300_000);
  problems.sweep();
  assert.deepEqual(states(), ['d-1 offline raised']);
  explained.add('d-1');
  const incident = {
    id: 'i-1',
    kind: 'correlated-loss',
    state: 'open',
    sinceMs: 0,
    devices: 2,
    sample: [],
  } as const;
  problems.incidentChanged(incident, ['d-1', 'd-2']);
  problems.sweep();
  assert.deepEqual(states(), []);
  explained.delete('d-2');
  problems.sweep();
  assert.deepEqual(states(), ['d-2 offline raised']);
});

test('a twin that is out of sync for an hour is an alarm, whatever it was in between', async () => {
  const { problems, clock, states } = await start();
  problems.twinMoved('d-1', { state: 'pending', sinceMs: clock.now() });
  clock.advance(1_800_000);
  problems.twinMoved('d-1', { state: 'waiting', sinceMs: clock.now() });
  clock.advance(1_799_000);
  problems.sweep();
  assert.deepEqual(states(), []);
  clock.advance(1_000);
  problems.sweep();
  assert.deepEqual(states(), ['d-1 twin raised']);
  problems.twinMoved('d-1', { state: 'in-sync', sinceMs: clock.now() });
  assert.deepEqual(states(), ['d-1 twin cleared']);
});

test('events of a severity that matters are alarms, others are not', async () => {
  const { problems, clock, states } = await start();
  problems.event('d-1', 'leak', 'critical', clock.now());
  problems.event('d-1', 'opened', 'info', clock.now());
  problems.event('gone', 'leak', 'critical', clock.now());
  assert.deepEqual(states(), ['d-1 event.leak raised']);
});

test('readings beyond a limit raise an alarm by their own times, and late ones say nothing about now', async () => {
  const { streamOf, clock, states, alarms } = await start();
  const at = (sec: number): number => clock.now() + sec * 1_000;
  streamOf('d-1').reading(at(0), { t: 51 });
  streamOf('d-1').reading(at(9), { t: 52 });
  assert.deepEqual(states(), []);
  streamOf('d-1').readings([
    { ts: at(5), data: { t: 20 } },
    { ts: at(10), data: { t: 53 } },
  ]);
  assert.deepEqual(states(), ['d-1 limit.env.t.high raised']);
  streamOf('d-1').reading(at(11), { t: 49.5 });
  assert.deepEqual(states(), ['d-1 limit.env.t.high raised']);
  streamOf('d-1').reading(at(12), { t: 49 });
  assert.deepEqual(states(), ['d-1 limit.env.t.high cleared']);
  streamOf('d-2').reading(at(-7_200), { t: 99 });
  streamOf('d-2').reading(at(-7_000), { t: 99 });
  assert.equal(alarms.isActive('d-2', 'limit.env.t.high'), false);
});

test('an alarm of before the restart goes on until a reading is back, and one whose limit is gone is over', async () => {
  const first = await start();
  const high: Problem = { ...offline, source: 'limit.env.t.high', kind: 'limit' };
  first.alarms.raise('d-1', high);
  first.alarms.raise('d-1', { ...high, source: 'limit.env.old.low' });
  await turn();
  const second = await start(first.store);
  second.streamOf('d-1').reading(second.clock.now(), { t: 49.5 });
  assert.deepEqual(second.states(), ['d-1 limit.env.old.low cleared', 'd-1 limit.env.t.high raised']);
  second.streamOf('d-1').reading(second.clock.now(), { t: 20 });
  assert.deepEqual(second.states(), ['d-1 limit.env.old.low cleared', 'd-1 limit.env.t.high cleared']);
});

test('a fault of the hub that lasts is an alarm of the hub', async () => {
  const { alarms, clock, states } = await start();
  const faults: { store: string | undefined } = { store: 'refused' };
  const itself = new HubProblems({ clock, alarms, faults: () => faults });
  itself.sweep();
  clock.advance(9_000);
  itself.sweep();
  assert.deepEqual(states(), []);
  clock.advance(1_000);
  itself.sweep();
  assert.deepEqual(states(), ['null hub.store raised']);
  faults.store = undefined;
  itself.sweep();
  assert.deepEqual(states(), ['null hub.store cleared']);
});

test('alarms of a removed device are gone with it', async () => {
  const { alarms, states, records } = await start();
  alarms.raise('d-1', offline);
  alarms.raise('d-2', offline);
  records.delete('d-1');
  alarms.removed('d-1');
  alarms.raise('d-1', offline);
  assert.deepEqual(states(), ['d-2 offline raised']);
});

test('closed alarms are kept up to a bound, the ones raised last', async () => {
  const { alarms, operations, store } = await start();
  for (let at = 0; at < 1_200; at += 1) {
    const source = `event.e-${at}`;
    alarms.raise('d-1', { ...offline, source, kind: 'event', lasting: false });
    await alarms.acknowledge({ alarms: [{ device: 'd-1', source }], requester });
  }
  await turn();
  const { alarms: closed } = operations.list({ ...query, state: 'closed', limit: 1_000 });
  assert.equal(closed[0]?.source, 'event.e-1199');
  assert.ok(store.rows.size >= 1_000 && store.rows.size <= 1_100, String(store.rows.size));
});

test('pages of alarms follow each other without a gap', async () => {
  const { alarms, operations } = await start();
  for (let at = 0; at < 25; at += 1) alarms.raise('d-1', { ...offline, source: `event.e-${at}` });
  const seen: string[] = [];
  let before: number | undefined;
  for (;;) {
    const page = operations.list({ ...query, limit: 10, ...(before === undefined ? {} : { before }) });
    seen.push(...page.alarms.map(({ source }) => source));
    if (page.next === null) break;
    before = page.next;
  }
  assert.deepEqual(
    seen,
    Array.from({ length: 25 }, (_, at) => `event.e-${24 - at}`),
  );
});

test('one person adds as many silences as are free, and there is room for another', async () => {
  const { silences, clock } = await start();
  const add = (actor: string) =>
    silences.add({ to: 'd-1', untilMs: clock.now() + 60_000, reason: 'works' }, { ...requester, actor });
  for (let at = 0; at < 500; at += 1) await add('token:greedy');
  await assert.rejects(add('token:greedy'), { code: 'input-invalid' });
  await add('operator:anna');
});

test('beyond the alarms that are kept none is raised, and it is counted', async () => {
  const { alarms } = await start();
  for (let at = 0; at < 100_001; at += 1) alarms.raise('d-1', { ...offline, source: `event.e-${at}` });
  assert.deepEqual([alarms.counts().raised, alarms.tooMany], [100_000, 1]);
});
