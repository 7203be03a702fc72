import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { DeviceSummary } from '../../../schemas/api/devices.ts';
import type { RowChange } from '../../../schemas/api/live.ts';
import { Fleet } from '../../../dashboards/console/src/fleet/fleet.ts';
import {
  choicesOf,
  filtered,
  inOrder,
  type Filters,
} from '../../../dashboards/console/src/fleet/fleet-view.ts';
import { incidentText } from '../../../dashboards/console/src/incidents/incident-text.ts';

/** The console's list of devices, without a browser. */

const row = (id: string, over: Partial<DeviceSummary> = {}): DeviceSummary => ({
  id,
  type: 'env-sensor@1',
  site: 'default',
  labels: {},
  presence: 'online',
  sinceMs: 1_000,
  lastDataMs: null,
  ...over,
});
const change = (id: string, presence: DeviceSummary['presence'], sinceMs: number): RowChange => [
  id,
  presence,
  sinceMs,
  null,
];
const none: Filters = { q: '', type: '', site: '', label: '', state: '', twin: '', firmware: '' };
const states = (fleet: Fleet): Record<string, string> =>
  Object.fromEntries([...fleet.values()].map(({ id, presence }) => [id, presence]));

test('a change told before the page with its device arrives is not lost, unless the page is newer', () => {
  const fleet = new Fleet();
  fleet.beginLoad();
  fleet.apply({ devices: [change('a', 'offline', 2_000), change('b', 'offline', 2_000)] });
  fleet.addPage([row('a', { sinceMs: 1_000 }), row('b', { sinceMs: 3_000 })]);
  fleet.endLoad();
  assert.deepEqual(states(fleet), { a: 'offline', b: 'online' });
});

test('a device removed while its page is under way does not come back with it', () => {
  const fleet = new Fleet();
  fleet.beginLoad();
  fleet.apply({ removed: ['a'] });
  fleet.addPage([row('a'), row('b')]);
  fleet.endLoad();
  assert.deepEqual(states(fleet), { b: 'online' });
});

test('after a reload nothing is left that no page and no message named', () => {
  const fleet = new Fleet();
  fleet.beginLoad();
  fleet.addPage([row('gone'), row('stays')]);
  fleet.endLoad();
  fleet.beginLoad();
  fleet.addPage([row('stays')]);
  fleet.apply({ added: [row('new')] });
  fleet.endLoad();
  assert.deepEqual(Object.keys(states(fleet)), ['stays', 'new']);
});

test('a hub whose clock was set back is believed all the same', () => {
  const fleet = new Fleet();
  fleet.beginLoad();
  fleet.addPage([row('a', { sinceMs: 9_000 })]);
  fleet.endLoad();
  fleet.apply({ devices: [change('a', 'offline', 5_000)] });
  assert.deepEqual(states(fleet), { a: 'offline' });
});

test('however pages and messages interleave, the list ends as the hub is', () => {
  const ids = ['a', 'b', 'c', 'd'] as const;
  // Each step is a change at the hub; pages are read at some of them, in order of id, one device a page.
  const step = fc.record({ id: fc.constantFrom(...ids), presence: fc.constantFrom('online', 'offline') });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), fc.array(fc.nat(30), { maxLength: 4 }), (steps, reads) => {
      const hub = new Map(ids.map((id) => [id, row(id, { sinceMs: 0 })]));
      const fleet = new Fleet();
      fleet.beginLoad();
      const pages = ids.map((id, at) => ({ id, at: Math.min(reads[at] ?? 0, steps.length) }));
      const snapshots: DeviceSummary[] = [];
      const read = (at: number): void => {
        for (const page of pages)
          if (page.at === at) snapshots.push({ ...row(page.id), ...hub.get(page.id) });
      };
      read(0);
      for (const [at, { id, presence }] of steps.entries()) {
        const next = row(id, { presence: presence as DeviceSummary['presence'], sinceMs: at + 1 });
        hub.set(id, next);
        fleet.apply({ devices: [change(id, next.presence, at + 1)] });
        read(at + 1);
      }
      // The worst order: every page arrives after every message.
      fleet.addPage(snapshots);
      fleet.endLoad();
      assert.deepEqual(
        states(fleet),
        Object.fromEntries(snapshots.map(({ id }) => [id, hub.get(id as 'a')?.presence])),
      );
    }),
  );
});

test('search looks at id, type, site and label values, and case does not matter', () => {
  const rows = [
    row('boiler-1'),
    row('d-2', { type: 'boiler@2' }),
    row('d-3', { site: 'Boiler-house' }),
    row('d-4', { labels: { room: 'BOILER' } }),
    row('d-5', { labels: { boiler: 'no' } }),
  ];
  const { shown } = filtered(rows, { ...none, q: ' Boiler ' });
  assert.deepEqual(
    shown.map(({ id }) => id),
    ['boiler-1', 'd-2', 'd-3', 'd-4'],
  );
});

test('a label is filtered by its whole value, which may hold an equals sign', () => {
  const rows = [
    row('a', { labels: { key: 'x=y' } }),
    row('b', { labels: { key: 'x' } }),
    row('c', { labels: {} }),
  ];
  const { shown } = filtered(rows, { ...none, label: 'key=x=y' });
  assert.deepEqual(
    shown.map(({ id }) => id),
    ['a'],
  );
});

test('counts by state are of all that pass the other filters', () => {
  const rows = [row('a'), row('b', { presence: 'offline' }), row('c', { presence: 'offline', site: 'x' })];
  const { shown, byState } = filtered(rows, { ...none, site: 'default', state: 'offline' });
  assert.deepEqual(
    shown.map(({ id }) => id),
    ['b'],
  );
  assert.deepEqual(Object.fromEntries(byState), { online: 1, offline: 1 });
});

test('ids are in the order people count in, and by state what is wrong comes first', () => {
  const rows = [row('d-10'), row('d-2', { presence: 'offline' }), row('d-1')];
  const ids = (key: 'id' | 'state', descending = false) =>
    inOrder(rows, { key, descending }).map(({ id }) => id);
  assert.deepEqual(ids('id'), ['d-1', 'd-2', 'd-10']);
  assert.deepEqual(ids('id', true), ['d-10', 'd-2', 'd-1']);
  assert.deepEqual(ids('state'), ['d-2', 'd-1', 'd-10']);
});

test('what can be filtered by is what there is, each once', () => {
  const rows = [
    row('a', { labels: { room: '2' } }),
    row('b', { site: 'x', labels: { room: '2', floor: '1' } }),
  ];
  assert.deepEqual(choicesOf(rows), {
    types: ['env-sensor@1'],
    sites: ['default', 'x'],
    twins: false,
    firmwares: [],
    labels: ['floor=1', 'room=2'],
  });
});

test('an incident is told in a sentence', () => {
  const incident = { id: 'i', state: 'open', sinceMs: 1, devices: 12, sample: [] } as const;
  assert.equal(
    incidentText({ ...incident, kind: 'correlated-loss', scope: { by: 'site', value: 'hall-3' } }),
    '12 devices at site hall-3 disconnected together.',
  );
  assert.equal(
    incidentText({
      ...incident,
      devices: 4_999,
      of: 5_000,
      kind: 'correlated-loss',
      scope: { by: 'address', value: '::1' },
    }),
    '4,999 of 5,000 devices behind address ::1 disconnected together.',
  );
  assert.equal(
    incidentText({ ...incident, kind: 'connections-cut', subject: '10.0.0.1', limit: 5_000, devices: 0 }),
    'Connections from 10.0.0.1 are being cut: it holds the limit of 5,000.',
  );
  assert.equal(
    incidentText({ ...incident, kind: 'shared-topics', subject: 'hub-2', devices: 0 }),
    'Another hub (hub-2) uses the same MQTT topics: give each hub its own HUB_MQTT_ROOT.',
  );
  assert.equal(
    incidentText({ ...incident, kind: 'hub-lost', subject: 'hub-2', devices: 0 }),
    'Hub hub-2 has stopped without a goodbye. The other hubs take over its devices.',
  );
  assert.match(incidentText({ ...incident, kind: 'flapping' }), /connects and disconnects repeatedly/);
  assert.equal(
    incidentText({ ...incident, kind: 'schedule-refused', subject: 'nightly', devices: 0 }),
    'Schedule nightly was refused at its last times.',
  );
});
