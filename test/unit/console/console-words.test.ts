import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commandWords, titlesOf } from '../../../dashboards/console/src/commands/command-titles.ts';
import { fieldRows, familiesOf } from '../../../dashboards/console/src/device-types/type-view.ts';
import { closeWords, lossWords } from '../../../dashboards/console/src/hub-state/close-words.ts';
import { reasonWords, statusWords } from '../../../dashboards/console/src/forms/command-words.ts';
import {
  faultSentence,
  fieldHint,
  fieldTitle,
  unitAt,
} from '../../../dashboards/console/src/forms/field-words.ts';
import { fullTime, shortTime, utcTime, zonedTime, zoneWords } from '../../../dashboards/console/src/time.ts';
import { unitSymbol } from '../../../schemas/unit-symbol.ts';
import { refusalReasons } from '../../../schemas/api/error-codes.ts';
import type { ObjectDefinition, ScalarDefinition } from '../../../schemas/device-type-definition.ts';

const plan: ObjectDefinition = {
  type: 'object',
  properties: {
    steps: {
      type: 'array',
      maxItems: 5,
      items: {
        type: 'object',
        properties: { share: { type: 'number', unit: '%', minimum: 0 }, open: { type: 'boolean' } },
        required: ['share'],
        additionalProperties: false,
      },
    },
    mode: { type: 'string', enum: ['day', 'night'], 'x-tag': true, title: 'Mode' },
  },
  required: ['mode'],
  additionalProperties: false,
};

test('A field is called by its title, or by its name made readable', () => {
  assert.equal(fieldTitle('flowRate', {}), 'Flow rate');
  assert.equal(fieldTitle('at_minute', {}), 'At minute');
  assert.equal(fieldTitle('pH', { title: 'Acidity' }), 'Acidity');
});

const hints: [ScalarDefinition, string][] = [
  [{ type: 'integer', minimum: 1, maximum: 60, unit: 's' }, '1 to 60 s, whole number'],
  [{ type: 'number', exclusiveMinimum: 0, unit: 'Cel' }, 'more than 0 °C'],
  [{ type: 'number', minimum: 1, exclusiveMaximum: 9 }, 'at least 1 and less than 9'],
  [{ type: 'string', minLength: 2, maxLength: 8 }, '2 to 8 characters'],
  [{ type: 'string', enum: ['a'], maxLength: 8 }, ''],
  [{ type: 'boolean' }, ''],
];
for (const [definition, hint] of hints) {
  test(`A hint for ${JSON.stringify(definition)}`, () => assert.equal(fieldHint(definition), hint));
}

test('A fault is a sentence with the unit of its field', () => {
  const unit = unitAt(plan, '/steps/3/share');
  assert.equal(unit, '%');
  assert.equal(unitAt(plan, '/steps/3/open'), undefined);
  assert.equal(unitAt(plan, '/nothing'), undefined);
  const fault = { path: '/steps/3/share', keyword: 'minimum', expected: '>= 0', got: '-1' };
  assert.equal(faultSentence(fault, unit), 'Must be at least 0 %; this is -1.');
  assert.equal(
    faultSentence({ path: '/mode', keyword: 'enum', expected: 'one of day, night', got: '"dusk"' }),
    'Must be one of day, night; this is "dusk".',
  );
  assert.equal(
    faultSentence({ path: '', keyword: 'anyOf', expected: 'at least one of a, b', got: 'object' }),
    'Give at least one of a, b.',
  );
});

test('The fields inside lists and objects stand below them in a table', () => {
  assert.deepEqual(
    fieldRows(plan).map(({ name, kind, unit, limits, needed, tag }) => [
      name,
      kind,
      unit,
      limits,
      needed,
      tag,
    ]),
    [
      ['steps', 'list', '', '0 to 5 items', false, false],
      ['steps[]', 'object', '', '', true, false],
      ['steps[].share', 'number', '%', 'at least 0 %', true, false],
      ['steps[].open', 'boolean', '', '', false, false],
      ['mode', 'choice', '', 'day, night', true, true],
    ],
  );
});

test('Types stand by name, their newest version first', () => {
  const row = (id: string, devices: number) => ({
    id,
    devices,
    streams: [],
    commands: [],
    commandTitles: {},
    updatesFirmware: false,
  });
  const families = familiesOf([row('b@1', 1), row('a@9', 2), row('a@10', 3)]);
  assert.deepEqual(
    families.map(({ name, devices, versions }) => [name, devices, versions.map(({ id }) => id)]),
    [
      ['a', 5, ['a@10', 'a@9']],
      ['b', 1, ['b@1']],
    ],
  );
});

test('What a device says is told as it said it, also when it is the name of a member of every object', () => {
  assert.equal(reasonWords('constructor'), 'constructor');
  assert.equal(reasonWords('flash full'), 'flash full');
  assert.match(reasonWords('link-lost'), /connection was lost/);
  for (const reason of Object.keys(refusalReasons)) assert.match(reasonWords(reason), /^[A-Z].*\.$/);
  assert.equal(statusWords('constructor'), '');
  assert.match(statusWords('uncertain'), /never sends the command again/);
});

test('Units are shown by the signs people know, and unknown ones as they are', () => {
  assert.deepEqual(['Cel', '[mi_i]/h', 'dBm', 'toString'].map(unitSymbol), ['°C', 'mph', 'dBm', 'toString']);
});

test('A time that is no date is shown as the number it is, and throws nowhere', () => {
  for (const show of [shortTime, fullTime, utcTime])
    assert.equal(show(1.8e18), 'no date (1800000000000000000)');
});

test('A time that stands beside its zone is the time on the clocks of that zone', () => {
  const ms = Date.parse('2026-11-28T18:15:24Z');
  assert.match(zonedTime(ms, 'UTC'), /\b(0?6|18):15:24\b.* UTC$/);
  assert.match(zonedTime(ms, 'Europe/Berlin'), /\b(0?7|19):15:24\b.* Europe\/Berlin$/);
  assert.match(zonedTime(ms, 'Mars/Olympus'), /18:15:24.* UTC$/);
});

test('The zone of the page is named with its distance from UTC at that time', () => {
  const words = (iso: string, timeZone: string): string => zoneWords(Date.parse(iso), timeZone);
  assert.equal(words('2026-07-01T00:00:00Z', 'Europe/Berlin'), 'Europe/Berlin, UTC+02:00');
  assert.equal(words('2026-12-01T00:00:00Z', 'Europe/Berlin'), 'Europe/Berlin, UTC+01:00');
  assert.equal(words('2026-12-01T00:00:00Z', 'UTC'), 'UTC');
});

test('Connections that the hub closed and those that ended otherwise have their own words', () => {
  assert.match(closeWords('1000'), /cleanly/);
  assert.match(lossWords('1000'), /without a bye/);
  assert.equal(lossWords('1006'), 'connection lost');
});

test('a command is called by its title and its name, by one of them where they are the same or types disagree', () => {
  const titles = titlesOf([
    { commandTitles: { identify: 'Blink', close: 'Close', open: 'Open the valve' } },
    { commandTitles: { identify: 'Blink', open: 'Open the door' } },
  ]);
  const wordsOf = (name: string): string => commandWords(name, titles.get(name));
  assert.deepEqual(['identify', 'close', 'open', 'other'].map(wordsOf), [
    'Blink (identify)',
    'Close',
    'open',
    'other',
  ]);
});
