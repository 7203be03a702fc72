import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requester, query, offline, startAlarmParts, nextTurn } from '../../helpers/hubs/alarm-parts.ts';

test('a change is reported once it is on disk, and all of it is there after a restart', async () => {
  const first = await startAlarmParts();
  first.alarms.raise('d-1', offline);
  assert.deepEqual(first.told, []);
  await nextTurn();
  assert.deepEqual(
    first.told.map(({ state }) => state),
    ['raised'],
  );
  await first.alarms.acknowledge({ alarms: [{ device: 'd-1', source: 'offline' }], requester });
  assert.deepEqual(first.audited, ['alarm.acknowledge d-1 offline']);
  first.alarms.raise('d-2', offline);
  await nextTurn();
  const second = await startAlarmParts(first.store);
  assert.deepEqual(second.states(), ['d-2 offline raised', 'd-1 offline acknowledged']);
  second.alarms.clear('d-1', 'offline');
  assert.deepEqual(second.states(), ['d-2 offline raised']);
});

test('what the disk does not take is reported once, is not acknowledged as stored, and is written later', async () => {
  const { store, alarms, told, clock } = await startAlarmParts();
  store.broken = true;
  alarms.raise('d-1', offline);
  await nextTurn();
  assert.equal(told.length, 1);
  const asked = { alarms: [{ device: 'd-1', source: 'offline' }], requester };
  await assert.rejects(alarms.acknowledge(asked), { code: 'database-failed' });
  assert.equal(store.rows.size, 0);
  store.broken = false;
  clock.advance(1_000);
  await nextTurn();
  assert.equal(store.rows.get('d-1 offline')?.state, 'acknowledged');
  assert.deepEqual(
    told.map(({ state }) => state),
    ['raised', 'acknowledged'],
  );
});

test('a database that is away is tried once a second, however many alarms change', async () => {
  const { store, alarms, clock } = await startAlarmParts();
  store.broken = true;
  for (let change = 0; change < 20; change += 1) {
    if (change % 2 === 0) alarms.raise('d-1', offline);
    else alarms.clear('d-1', 'offline');
    await nextTurn();
  }
  assert.equal(store.attempts, 1);
  clock.advance(1_000);
  await nextTurn();
  assert.equal(store.attempts, 2);
  store.broken = false;
  clock.advance(1_000);
  await nextTurn();
  assert.equal(store.rows.size, 1);
});

test('an alarm that was raised again since somebody looked is not acknowledged', async () => {
  const { alarms, clock } = await startAlarmParts();
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
  const { alarms, operations } = await startAlarmParts();
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
  const { alarms, silences, clock, told, operations, audited } = await startAlarmParts();
  alarms.raise('d-2', offline);
  await nextTurn();
  const untilMs = clock.now() + 60_000;
  await silences.add({ to: 'site=b', untilMs, reason: 'works' }, requester);
  alarms.raise('d-3', offline);
  alarms.raise('d-1', offline);
  await nextTurn();
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

test('alarms of a removed device are gone with it', async () => {
  const { alarms, states, records } = await startAlarmParts();
  alarms.raise('d-1', offline);
  alarms.raise('d-2', offline);
  records.delete('d-1');
  alarms.removed('d-1');
  alarms.raise('d-1', offline);
  assert.deepEqual(states(), ['d-2 offline raised']);
});

test('closed alarms are kept up to a bound, the ones raised last', async () => {
  const { alarms, operations, store } = await startAlarmParts();
  for (let at = 0; at < 1_200; at += 1) {
    const source = `event.e-${at}`;
    alarms.raise('d-1', { ...offline, source, kind: 'event', lasting: false });
    await alarms.acknowledge({ alarms: [{ device: 'd-1', source }], requester });
  }
  await nextTurn();
  const { alarms: closed } = operations.list({ ...query, state: 'closed', limit: 1_000 });
  assert.equal(closed[0]?.source, 'event.e-1199');
  assert.ok(store.rows.size >= 1_000 && store.rows.size <= 1_100, String(store.rows.size));
});

test('pages of alarms follow each other without a gap', async () => {
  const { alarms, operations } = await startAlarmParts();
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
  const { silences, clock } = await startAlarmParts();
  const add = (actor: string) =>
    silences.add({ to: 'd-1', untilMs: clock.now() + 60_000, reason: 'works' }, { ...requester, actor });
  for (let at = 0; at < 500; at += 1) await add('token:greedy');
  await assert.rejects(add('token:greedy'), { code: 'input-invalid' });
  await add('operator:anna');
});

test('beyond the alarms that are kept none is raised, and it is counted', async () => {
  const { alarms } = await startAlarmParts();
  for (let at = 0; at < 100_001; at += 1) alarms.raise('d-1', { ...offline, source: `event.e-${at}` });
  assert.deepEqual([alarms.counts().raised, alarms.tooMany], [100_000, 1]);
});
