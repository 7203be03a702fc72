import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IncidentLog, type StoredIncident } from '../../../hub/incidents/incident-log.ts';
import type { Incident } from '../../../schemas/api/incidents.ts';
import { HubError } from '../../../hub/kernel/errors.ts';
import { turn } from '../../helpers/hubs/session-fixture.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { silentLog } from '../../helpers/silent-log.ts';

function incident(state: Incident['state']): Incident {
  return { id: '7-1', kind: 'flapping', state, sinceMs: 1, devices: 1, sample: ['d1'] };
}

function startLog(publishing: Promise<void> = Promise.resolve(), several = false) {
  const clock = new ManualClock();
  const steps: string[] = [];
  const saved = new Map<string, StoredIncident>();
  const faults: { save: false | HubError; publish: boolean } = { save: false, publish: false };
  const log = new IncidentLog({
    clock,
    several,
    log: silentLog,
    store: {
      ofOthers: () => Promise.resolve([]),
      load: () => Promise.resolve([]),
      async save(incidents) {
        await turn();
        if (faults.save !== false) throw faults.save;
        for (const one of incidents) saved.set(one.id, one);
        steps.push(
          `saved ${incidents.map(({ state, owed }) => `${state}${owed === true ? ', owed' : ''}`).join()}`,
        );
      },
    },
    publish({ state }) {
      steps.push(`told ${state}`);
      return faults.publish ? Promise.reject(new HubError('bus-unavailable')) : publishing;
    },
  });
  return { log, clock, steps, saved, faults };
}

test('a change of an incident is on disk before it is told, and all are told in order', async () => {
  const { log, steps, saved } = startLog();
  const changing = incident('open');
  log.changed(changing, ['d1']);
  log.changed({ ...changing, state: 'closed', untilMs: 2 }, ['d1']);
  // What comes later is another change, not this one.
  changing.devices = 99;
  await log.settled();
  await turn();
  await log.settled();
  assert.deepEqual(steps, [
    'saved open, owed',
    'told open',
    'saved closed, owed',
    'told closed',
    'saved closed',
  ]);
  assert.deepEqual(saved.get('7-1'), { ...incident('closed'), untilMs: 2, members: [] });
});

test('what an incident has grown to is kept and not published', async () => {
  const { log, steps, saved } = startLog();
  log.grew({ ...incident('open'), devices: 2 }, ['d1', 'd2']);
  await log.settled();
  assert.deepEqual(steps, ['saved open']);
  assert.deepEqual(saved.get('7-1')?.members, ['d1', 'd2']);
});

test('what the bus did not have when the hub ended is told by the next one, and no more after that', async () => {
  const ended = startLog(new Promise(() => {}));
  ended.log.changed(incident('open'), ['d1']);
  ended.log.changed({ ...incident('closed'), untilMs: 2 }, ['d1']);
  await ended.log.settled();
  const left = [...ended.saved.values()];
  const next = startLog();
  next.log.resume(left);
  await turn();
  await next.log.settled();
  assert.deepEqual(next.steps, ['told closed', 'saved closed']);
  const third = startLog();
  third.log.resume([...next.saved.values()]);
  assert.deepEqual(third.steps, []);
});

test('what has grown before the bus had it is still owed', async () => {
  const { log, saved } = startLog(new Promise(() => {}));
  log.changed(incident('open'), ['d1']);
  log.grew({ ...incident('open'), devices: 2 }, ['d1', 'd2']);
  await log.settled();
  assert.deepEqual(saved.get('7-1'), { ...incident('open'), devices: 2, members: ['d1', 'd2'], owed: true });
});

test('a change that cannot be saved or published is counted', async () => {
  const { log, steps, faults } = startLog();
  faults.save = new HubError('database-failed');
  log.changed(incident('open'), ['d1']);
  await log.settled();
  assert.deepEqual(steps, ['told open'], 'told all the same');
  Object.assign(faults, { save: false, publish: true });
  log.changed(incident('closed'), []);
  await log.settled();
  await turn();
  assert.deepEqual(log.lost, { 'not-saved': 1, 'not-published': 1 });
});

test('of several hubs one publishes an incident once it is on disk, and none after it was declared dead', async () => {
  const { log, clock, steps, saved, faults } = startLog(Promise.resolve(), true);
  faults.save = new HubError('database-failed');
  log.changed(incident('open'), ['d1']);
  await log.settled();
  assert.deepEqual(steps, [], 'a hub that takes over would not close it');
  faults.save = false;
  clock.advance(1_000);
  await log.settled();
  await turn();
  await log.settled();
  assert.deepEqual(steps, ['saved open, owed', 'told open', 'saved open']);
  faults.save = new HubError('database-failed', '', { details: { reason: 'closed' } });
  log.changed({ ...incident('closed'), untilMs: 2 }, []);
  await log.settled();
  assert.doesNotMatch(steps.join(), /told closed/, 'the next hub closes it');
  assert.equal(saved.get('7-1')?.state, 'open');
  assert.deepEqual(log.lost, { 'not-saved': 1, 'not-published': 0 });
});
