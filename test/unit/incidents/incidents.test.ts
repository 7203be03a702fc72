import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { StoredIncident } from '../../../hub/incidents/incident-log.ts';
import { startIncidents } from '../../../hub/incidents/incidents.ts';
import { neverSeen } from '../../../hub/presence/presence.ts';
import type { Scope } from '../../../schemas/api/incidents.ts';
import type { PresenceReason, PresenceState } from '../../../schemas/presence-states.ts';
import { ManualClock } from '../../helpers/clock.ts';

function startedIncidents(t: TestContext) {
  const clock = new ManualClock(1_000_000);
  const told: string[] = [];
  const stored = new Map<string, StoredIncident>();
  const scopes = new Map<string, Scope[]>();
  const incidents = startIncidents({
    clock,
    startName: '7',
    scopesOf: (id) => scopes.get(id) ?? [],
    grew: (incident, members) => stored.set(incident.id, { ...incident, members: [...members] }),
    followers: [
      {
        incidentChanged(incident, members) {
          const { id, kind, state, scope, devices } = incident;
          const where = scope === undefined ? '' : ` ${scope.by}=${scope.value}`;
          told.push(`${kind} ${state} ${devices}${where}`);
          stored.set(id, { ...incident, members: [...members] });
        },
      },
    ],
  });
  t.after(() => incidents.close());
  const change = (id: string, state: PresenceState, reason: PresenceReason): void =>
    incidents.presenceChanged(id, { ...neverSeen(0), state, reason });
  /** Connects `count` devices of one site, address and firmware. */
  const fleet = (site: string, count: number, address = '10.0.0.1', firmware = '1.0'): string[] => {
    const ids = Array.from({ length: count }, (_, index) => `${site}-${index}`);
    for (const id of ids) {
      scopes.set(id, [
        { by: 'site', value: site },
        { by: 'address', value: address },
        { by: 'firmware', value: firmware },
      ]);
      change(id, 'online', 'session-opened');
    }
    return ids;
  };
  return { clock, told, stored, incidents, change, fleet };
}

test('a lost site of 200 devices is one incident, also when they are found over a whole heartbeat', (t) => {
  const { clock, told, change, fleet, incidents } = startedIncidents(t);
  const north = fleet('north', 200);
  fleet('south', 800);
  for (const id of north) {
    change(id, 'offline', 'link-lost');
    clock.advance(200);
  }
  clock.advance(5_000);
  assert.deepEqual(
    told.map((line) => line.replace(/ \d+ /, ' ')),
    ['correlated-loss open site=north'],
  );
  for (const id of north) change(id, 'online', 'session-opened');
  clock.advance(5_000);
  assert.equal(told.length, 2);
  assert.equal(told[1], 'correlated-loss closed 200 site=north');
  const [lost] = incidents.list();
  assert.deepEqual([lost?.devices, lost?.of], [200, 200], 'of those at the site, not of all');
  assert.deepEqual(incidents.counters, {
    'cloned-credential': 0,
    flapping: 0,
    'correlated-loss': 1,
    'schedule-refused': 0,
    'connections-cut': 0,
    'shared-topics': 0,
    'hub-lost': 0,
  });
});

test('a bad firmware over all sites is named as such', (t) => {
  const { clock, told, change, fleet } = startedIncidents(t);
  fleet('north', 100, '10.0.0.1', '1.0');
  fleet('south', 100, '10.0.0.2', '1.0');
  const bad = [...fleet('east', 20, '10.0.0.1', '2.0'), ...fleet('west', 20, '10.0.0.2', '2.0')];
  // Their sites are mixed: half of each site is of the good firmware.
  for (const id of fleet('east', 60, '10.0.0.1', '1.0').slice(20)) change(id, 'online', 'session-opened');
  fleet('west', 20, '10.0.0.2', '2.0');
  fleet('east', 20, '10.0.0.1', '2.0');
  for (const id of bad) change(id, 'suspect', 'closed-without-bye');
  clock.advance(3_000);
  assert.equal(told.filter((line) => line.startsWith('correlated-loss open')).length, 1);
  assert.ok(told[0]?.endsWith('firmware=2.0'), told[0]);
});

test('single losses here and there are no incident', (t) => {
  const { clock, told, change, fleet } = startedIncidents(t);
  const ids = fleet('north', 100);
  for (const id of ids.slice(0, 40)) {
    change(id, 'offline', 'link-lost');
    clock.advance(1_000);
  }
  assert.deepEqual(told, []);
});

test('a stop of the hub, goodbyes and sleepers are no loss', (t) => {
  const { clock, told, change, fleet } = startedIncidents(t);
  const ids = fleet('north', 30);
  for (const [index, id] of ids.entries()) {
    if (index % 3 === 0) change(id, 'migrating', 'hub-draining');
    else if (index % 3 === 1) change(id, 'offline', 'bye');
    else change(id, 'sleeping', 'bye');
  }
  clock.advance(10_000);
  assert.deepEqual(told, []);
});

test('flapping is told once, and once more when it is over', (t) => {
  const { clock, told, change, fleet } = startedIncidents(t);
  const [id = ''] = fleet('north', 1);
  for (let round = 0; round < 20; round += 1) {
    change(id, 'suspect', 'closed-without-bye');
    clock.advance(5_000);
    change(id, 'online', 'session-opened');
    clock.advance(5_000);
  }
  assert.deepEqual(told, ['flapping open 1']);
  clock.advance(30 * 60_000);
  assert.deepEqual(told, ['flapping open 1', 'flapping closed 1']);
});

test('a link that is lost once an hour does not flap', (t) => {
  const { clock, told, change, fleet } = startedIncidents(t);
  const [id = ''] = fleet('north', 1);
  for (let hour = 0; hour < 24; hour += 1) {
    change(id, 'offline', 'link-lost');
    change(id, 'online', 'session-opened');
    clock.advance(3_600_000);
  }
  assert.deepEqual(told, []);
});

test('one loss that is first suspect and then offline counts once', (t) => {
  const { told, change, fleet } = startedIncidents(t);
  const [id = ''] = fleet('north', 1);
  for (let round = 0; round < 3; round += 1) {
    change(id, 'suspect', 'closed-without-bye');
    change(id, 'offline', 'link-lost');
    change(id, 'online', 'session-opened');
  }
  assert.deepEqual(told, []);
  change(id, 'suspect', 'closed-without-bye');
  assert.deepEqual(told, ['flapping open 1']);
});

test('a takeover storm of one device is one incident, a fight for an id is not also flapping', (t) => {
  const { told, incidents, change, fleet } = startedIncidents(t);
  const [first = '', second = ''] = fleet('north', 2);
  for (let round = 0; round < 30; round += 1) change(first, 'online', 'session-replaced');
  incidents.cloned(second, true);
  for (let round = 0; round < 30; round += 1) change(second, 'online', 'session-replaced');
  incidents.cloned(second, false);
  assert.deepEqual(told, ['flapping open 1', 'cloned-credential open 1', 'cloned-credential closed 1']);
  assert.deepEqual(
    incidents.list().map(({ state }) => state),
    ['closed', 'open'],
  );
});

test('what was open before a restart is still open, under its id, until it is over', (t) => {
  const before = startedIncidents(t);
  const north = before.fleet('north', 20);
  for (const [index, id] of north.entries()) {
    before.change(id, 'offline', 'link-lost');
    if (index === 15) before.clock.advance(1_000);
  }
  before.clock.advance(2_000);
  const [flapper = '', cloned = ''] = before.fleet('south', 2, '10.0.0.2', '2.0');
  for (let round = 0; round < 5; round += 1) before.change(flapper, 'online', 'session-replaced');
  before.incidents.cloned(cloned, true);
  assert.deepEqual(before.told, [
    'correlated-loss open 16 site=north',
    'flapping open 1',
    'cloned-credential open 1',
  ]);
  assert.equal(before.incidents.list().at(-1)?.devices, 20, 'those found later are of it');

  const { clock, told, incidents, change, fleet } = startedIncidents(t);
  const state = (id: string): PresenceState =>
    north.indexOf(id) < 15 && north.includes(id) ? 'offline' : 'unknown';
  const reasonOf = { offline: 'link-lost', unknown: 'hub-restarted' } as const;
  const resumed = incidents.resume([...before.stored.values()], (id) => {
    const now = state(id);
    return { ...neverSeen(0), state: now, reason: reasonOf[now as keyof typeof reasonOf] };
  });
  assert.deepEqual(resumed, [cloned]);
  assert.deepEqual(incidents.openByKind(), {
    'cloned-credential': 1,
    flapping: 1,
    'correlated-loss': 1,
    'schedule-refused': 0,
    'connections-cut': 0,
    'shared-topics': 0,
    'hub-lost': 0,
  });
  for (const id of north.slice(15)) change(id, 'unknown', 'hub-restarted');
  clock.advance(60_000);
  assert.deepEqual(told, [], 'a restart opens and closes nothing');
  fleet('north', 20);
  incidents.cloned(cloned, false);
  clock.advance(30 * 60_000);
  assert.deepEqual(told, [
    'cloned-credential closed 1',
    'correlated-loss closed 20 site=north',
    'flapping closed 1',
  ]);
  assert.deepEqual(
    incidents
      .list()
      .map(({ id }) => id)
      .toSorted(),
    [...before.stored.keys()].toSorted(),
  );
});

test('an incident all of whose devices were removed while no hub ran is over', (t) => {
  const before = startedIncidents(t);
  for (const id of before.fleet('north', 20)) before.change(id, 'offline', 'link-lost');
  before.clock.advance(2_000);
  const { told, incidents } = startedIncidents(t);
  assert.deepEqual(
    incidents.resume([...before.stored.values()], () => undefined),
    [],
  );
  assert.deepEqual(told, ['correlated-loss closed 20 site=north']);
});

test('devices that stay are no part of a loss, and are counted beside it', (t) => {
  const { clock, change, fleet, incidents } = startedIncidents(t);
  const ids = fleet('north', 100);
  for (const id of ids.slice(0, 99)) change(id, 'offline', 'link-lost');
  clock.advance(2_000);
  const [lost] = incidents.list();
  assert.deepEqual([lost?.devices, lost?.of], [99, 100]);
});
