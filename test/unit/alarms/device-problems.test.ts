import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HubProblems } from '../../../hub/alarms/hub-problems.ts';
import type { Problem } from '../../../hub/alarms/alarm.ts';
import { offline, startAlarmParts, nextTurn } from '../../helpers/hubs/alarm-parts.ts';

test('a device that stays away is an alarm after the time of its type, and from the start of the hub on', async () => {
  const { problems, clock, states } = await startAlarmParts();
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
  const { problems, clock, states, explained } = await startAlarmParts();
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
  const { problems, clock, states } = await startAlarmParts();
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
  const { problems, clock, states } = await startAlarmParts();
  problems.event('d-1', 'leak', 'critical', clock.now());
  problems.event('d-1', 'opened', 'info', clock.now());
  problems.event('gone', 'leak', 'critical', clock.now());
  assert.deepEqual(states(), ['d-1 event.leak raised']);
});

test('readings beyond a limit raise an alarm by their own times, and late ones say nothing about now', async () => {
  const { streamOf, clock, states, alarms } = await startAlarmParts();
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
  const first = await startAlarmParts();
  const high: Problem = { ...offline, source: 'limit.env.t.high', kind: 'limit' };
  first.alarms.raise('d-1', high);
  first.alarms.raise('d-1', { ...high, source: 'limit.env.old.low' });
  await nextTurn();
  const second = await startAlarmParts(first.store);
  second.streamOf('d-1').reading(second.clock.now(), { t: 49.5 });
  assert.deepEqual(second.states(), ['d-1 limit.env.old.low cleared', 'd-1 limit.env.t.high raised']);
  second.streamOf('d-1').reading(second.clock.now(), { t: 20 });
  assert.deepEqual(second.states(), ['d-1 limit.env.old.low cleared', 'd-1 limit.env.t.high cleared']);
});

test('a fault of the hub that lasts is an alarm of the hub', async () => {
  const { alarms, clock, states } = await startAlarmParts();
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
