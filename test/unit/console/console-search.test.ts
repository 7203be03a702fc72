import assert from 'node:assert/strict';
import { joinedLines, meansOf } from '../../../dashboards/console/src/device/charts/compared-data.ts';
import { test } from 'node:test';
import {
  chosenFields,
  comparedFields,
  comparedLines,
  type ComparedField,
} from '../../../dashboards/console/src/device/charts/compared-fields.ts';
import { rangeOf, zoomed } from '../../../dashboards/console/src/device/charts/ranges.ts';
import { parseSearch } from '../../../dashboards/console/src/fleet/search.ts';
import { flatRow } from '../../../dashboards/console/src/components/flat-row.ts';
import { labelsOf, newIds } from '../../../dashboards/console/src/registration/new-ids.ts';
import type { DeviceSummary } from '../../../schemas/api/devices.ts';

const device: DeviceSummary = {
  id: 'boiler-3',
  type: 'env-sensor@1',
  site: 'north',
  labels: { floor: '2', Room: 'plant room' },
  presence: 'offline',
  sinceMs: 1,
  lastDataMs: 1,
  firmware: '2.10.0',
};

for (const [text, passes] of [
  ['', true],
  ['north boil', true],
  ['north south', false],
  ['state:offline', true],
  ['STATE:Offline', true],
  ['state=online', false],
  ['type:env-sensor', true],
  ['type:env', false],
  ['fw<2.9', false],
  ['fw>2.9 fw<3', true],
  ['fw>=2.10.0', true],
  ['battery<2.8', true],
  ['battery>2.8', false],
  ['Battery<=2.75', true],
  ['floor:2', true],
  ['floor>1', true],
  ['room:"plant room"', true],
  ['"plant room"', true],
  ['constructor:x', false],
  ['nothing<1', false],
  ['north fw<3 battery<2.8 state:offline', true],
] as const) {
  test(`the search ${JSON.stringify(text)} ${passes ? 'finds' : 'leaves out'} the device`, () => {
    assert.equal(parseSearch(text).passes(device, { battery: 2.75 }), passes);
  });
}

test('the search names what may be a field of readings, and nothing else', () => {
  assert.deepEqual(parseSearch('north fw<2 battery<2.8 floor:2').fields, ['battery', 'floor']);
});

test('a young device is shown from its beginning, an older one for an hour, and a zoomed one as it was zoomed', () => {
  assert.equal(rangeOf(null, 60_000).key, '5m');
  assert.deepEqual(rangeOf(null, 9 * 60_000), { key: '600s', word: '10 min', lengthMs: 600_000 });
  assert.equal(rangeOf(null, 56 * 60_000).key, '1h');
  assert.equal(rangeOf(null, -1).key, '5m');
  assert.equal(rangeOf(null).key, '1h');
  assert.deepEqual(rangeOf('90s', 60_000), { key: '90s', word: '1 min', lengthMs: 90_000 });
  assert.equal(zoomed(1).lengthMs, 10_000);
  assert.equal(rangeOf(zoomed(123_456).key).lengthMs, 123_000);
});

test('the field that most devices send is compared first', () => {
  const number = { type: 'number', unit: 'Cel' } as const;
  const type = (id: string, fields: readonly string[]) => ({
    id,
    name: id,
    version: 1,
    streams: {
      s: {
        type: 'object' as const,
        properties: Object.fromEntries(fields.map((field) => [field, number])),
        additionalProperties: false as const,
      },
    },
    presence: { heartbeatSec: 30 },
  });
  const fields = comparedFields(
    [
      { id: 'a', type: 'x' },
      { id: 'b', type: 'y' },
    ],
    [type('x', ['one', 'two']), type('y', ['two'])],
  );
  assert.deepEqual(
    fields.map(({ key, title, devices }) => [key, title, devices]),
    [
      ['s.two', 'two, °C', ['a', 'b']],
      ['s.one', 'one, °C', ['a']],
    ],
  );
});

test('a chart takes four fields of two units, and each of its lines looks different', () => {
  const units = ['°C', '°C', '%', 'V', '%', ''];
  const fields = units.map((unit, at): ComparedField => {
    const field = `f${at}`;
    return {
      key: `s.${field}`,
      stream: 's',
      field,
      name: field,
      title: field,
      unit,
      limits: {},
      devices: ['a', 'b'],
    };
  });
  const keys = (asked: string | null): string[] => chosenFields(fields, asked).map(({ field }) => field);
  assert.deepEqual(keys(null), ['f0']);
  assert.deepEqual(keys('s.f9,s.f1,s.f1'), ['f1']);
  assert.deepEqual(keys('s.f2,s.f3,s.f0'), ['f2', 'f3']);
  assert.deepEqual(keys('s.f0,s.f1,s.f2,s.f4,s.f0'), ['f0', 'f1', 'f2', 'f4']);
  for (const devices of [['a'], ['b', 'a']]) {
    const lines = comparedLines(devices, chosenFields(fields, 's.f0,s.f1,s.f2'));
    const looks = new Set(lines.map(({ colour, dash }) => `${colour} ${dash.join()}`));
    assert.deepEqual([lines.length, looks.size], [3 * devices.length, 3 * devices.length]);
  }
  assert.deepEqual(
    comparedLines(['a', 'c'], fields.slice(0, 1)).map((line) => line.device),
    ['a'],
  );
});

test('a row becomes cells: what is inside by its path, lists of plain values in one', () => {
  assert.deepEqual(
    flatRow({ id: 'd', labels: { floor: '2' }, rollouts: ['a', 'b'], looks: [{ p: 1 }], none: null }),
    {
      id: 'd',
      'labels.floor': '2',
      rollouts: 'a b',
      looks: '[{"p":1}]',
      none: null,
    },
  );
});

test('ids are one or counted, and labels are read as they are written', () => {
  assert.deepEqual(newIds(' d-1 ', ''), ['d-1']);
  assert.deepEqual(newIds('s-', '3'), ['s-1', 's-2', 's-3']);
  assert.deepEqual(newIds('s-', '1.5'), []);
  assert.deepEqual(labelsOf('floor=2, note=a=b'), { floor: '2', note: 'a=b' });
  assert.deepEqual(labelsOf(' '), {});
  assert.equal(labelsOf('floor'), undefined);
});

test('a line of the comparison breaks where its device was silent, and not where only others have readings', () => {
  const series = (times: number[]) => ({
    stepMs: 10,
    times,
    fields: { t: { mean: times, min: times, max: times, count: times.map(() => 1) } },
  });
  const silent = meansOf(series([0, 10, 20, 100, 110]), 't');
  const [times, first, second] = joinedLines([silent, meansOf(series([5, 25, 45, 65, 85, 105]), 't')]);
  const at = (values: typeof first, timeMs: number) => values?.[[...times].indexOf(timeMs)];
  assert.deepEqual(
    [25, 30, 45, 65, 85].map((timeMs) => at(first, timeMs)),
    [null, null, null, null, null],
  );
  assert.deepEqual([at(first, 5), at(first, 20), at(first, 100)], [undefined, 20, 100]);
  assert.ok([...(second ?? [])].every((value) => value !== null));
});
