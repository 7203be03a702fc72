import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseTime, Zone, type Instant } from '../../../device-sim/replay/zone.ts';

function instant(zone: string, text: string): Instant {
  const parsed = parseTime(text);
  assert.ok(typeof parsed === 'object', `${text} is a local time`);
  return new Zone(zone).instant(parsed);
}

const utc = (text: string): number => Date.parse(`${text}Z`);

test('a local time is read with the offset its zone has on that day', () => {
  assert.deepEqual(instant('Europe/Berlin', '2024-01-15 12:00:00'), {
    kind: 'instant',
    ms: utc('2024-01-15T11:00:00'),
  });
  assert.deepEqual(instant('Europe/Berlin', '2024-07-15 12:00:00'), {
    kind: 'instant',
    ms: utc('2024-07-15T10:00:00'),
  });
  assert.deepEqual(instant('Asia/Kolkata', '2024-07-15 12:00'), {
    kind: 'instant',
    ms: utc('2024-07-15T06:30:00'),
  });
});

test('an hour the clocks show twice gives both instants', () => {
  const berlin = { kind: 'twice', first: utc('2024-10-27T00:30:00'), second: utc('2024-10-27T01:30:00') };
  assert.deepEqual(instant('Europe/Berlin', '2024-10-27 02:30:00'), berlin);
  // Lord Howe Island moves its clocks by half an hour.
  const lordHowe = { kind: 'twice', first: utc('2024-04-06T14:45:00'), second: utc('2024-04-06T15:15:00') };
  assert.deepEqual(instant('Australia/Lord_Howe', '2024-04-07 01:45:00'), lordHowe);
});

test('a time the clocks jump over never was, and its neighbours were', () => {
  assert.deepEqual(instant('America/New_York', '2024-03-10 02:30:00'), { kind: 'never' });
  assert.deepEqual(instant('America/New_York', '2024-03-10 01:59:59'), {
    kind: 'instant',
    ms: utc('2024-03-10T06:59:59'),
  });
  assert.deepEqual(instant('America/New_York', '2024-03-10 03:00:00'), {
    kind: 'instant',
    ms: utc('2024-03-10T07:00:00'),
  });
});

test('every instant of every zone is among those its local time gives', () => {
  const zones = [
    'Europe/Berlin',
    'America/Chicago',
    'Australia/Lord_Howe',
    'Pacific/Apia',
    'Asia/Kathmandu',
    'UTC',
  ];
  const formats = new Map(
    zones.map((zone) => [
      zone,
      new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' }),
    ]),
  );
  fc.assert(
    fc.property(
      fc.constantFrom(...zones),
      fc.integer({ min: utc('1995-01-01T00:00:00') / 1000, max: utc('2030-01-01T00:00:00') / 1000 }),
      (zone, seconds) => {
        const found = instant(zone, formats.get(zone)?.format(seconds * 1000) ?? '');
        const all =
          found.kind === 'instant' ? [found.ms] : found.kind === 'twice' ? [found.first, found.second] : [];
        assert.ok(all.includes(seconds * 1000));
      },
    ),
    { numRuns: 300 },
  );
});

test('a zone that does not exist is refused', () => {
  assert.throws(() => new Zone('Europe/Atlantis'), RangeError);
});

test('times with a zone of their own, Unix seconds and milliseconds need no zone', () => {
  assert.equal(parseTime('2024-07-15T12:00:00Z'), utc('2024-07-15T12:00:00'));
  assert.equal(parseTime('2024-07-15 12:00:00+02:00'), utc('2024-07-15T10:00:00'));
  assert.equal(parseTime('2024-07-15T12:00:00-0530'), utc('2024-07-15T17:30:00'));
  assert.equal(parseTime('1721044800'), 1_721_044_800_000);
  assert.equal(parseTime('1721044800123.456'), 1_721_044_800_123.456);
});

test('microseconds are kept', () => {
  assert.equal(parseTime('2024-07-15T12:00:00.123456Z'), utc('2024-07-15T12:00:00') + 123.456);
});

test('what is no time is none', () => {
  for (const text of [
    '',
    'yesterday',
    '2024-02-30 10:00:00',
    '2024-13-01',
    '2024-01-01 24:00:00',
    '2024-01-01 10:60',
    '12',
    '1e9',
  ]) {
    assert.equal(parseTime(text), undefined, text);
  }
});
