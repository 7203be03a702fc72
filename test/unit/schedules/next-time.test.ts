import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseCron } from '../../../hub/adapters/cron.ts';
import { lastTime, nextTime } from '../../../hub/schedules/next-time.ts';
import { isTimeZone } from '../../../hub/schedules/time-zone.ts';

/** The first times after a moment, as ISO 8601. */
function times(cron: string, zone: string, after: string, count: number): string[] {
  const fields = parseCron(cron);
  assert.ok(fields);
  const found: string[] = [];
  for (let at = Date.parse(after); found.length < count;) {
    const next = nextTime(fields, zone, at);
    assert.ok(next !== undefined && next > at);
    found.push(new Date(next).toISOString());
    at = next;
  }
  return found;
}

test('a daily time follows the zone over a change of its clocks', () => {
  assert.deepEqual(times('30 8 * * *', 'Europe/Berlin', '2026-03-28T00:00:00Z', 3), [
    '2026-03-28T07:30:00.000Z',
    '2026-03-29T06:30:00.000Z',
    '2026-03-30T06:30:00.000Z',
  ]);
});

test('a local time that is left out comes later that day, one that is repeated comes once', () => {
  assert.deepEqual(times('30 2 * * *', 'Europe/Berlin', '2026-03-28T12:00:00Z', 2), [
    '2026-03-29T01:30:00.000Z',
    '2026-03-30T00:30:00.000Z',
  ]);
  assert.deepEqual(times('30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00:00Z', 2), [
    '2026-10-25T00:30:00.000Z',
    '2026-10-26T01:30:00.000Z',
  ]);
});

test('what comes every hour comes in both of two repeated hours', () => {
  assert.deepEqual(times('0 * * * *', 'Europe/Berlin', '2026-10-24T23:30:00Z', 4), [
    '2026-10-25T00:00:00.000Z',
    '2026-10-25T01:00:00.000Z',
    '2026-10-25T02:00:00.000Z',
    '2026-10-25T03:00:00.000Z',
  ]);
});

test('of two restricted day fields either one is enough, as crontab has it', () => {
  assert.deepEqual(times('0 4 1,15 * 5', 'UTC', '2026-01-01T05:00:00Z', 4), [
    '2026-01-02T04:00:00.000Z',
    '2026-01-09T04:00:00.000Z',
    '2026-01-15T04:00:00.000Z',
    '2026-01-16T04:00:00.000Z',
  ]);
});

test('a day field that begins with a star only narrows the other', () => {
  assert.deepEqual(times('0 0 */2 * 5', 'UTC', '2026-01-01T00:00:00Z', 2), [
    '2026-01-09T00:00:00.000Z',
    '2026-01-23T00:00:00.000Z',
  ]);
});

test('a time that never comes is none', () => {
  const fields = parseCron('0 0 31 1 *');
  assert.ok(fields);
  assert.equal(nextTime({ ...fields, month: [2] }, 'UTC', 0), undefined);
  assert.equal(parseCron('61 * * * *'), undefined);
  assert.equal(isTimeZone('Mars/Olympus'), false);
});

/** Every time in a stretch of time, by walking through each of its seconds: slow, and plain to see. */
function walkedTimes(cron: string, zone: string, fromMs: number, untilMs: number): number[] {
  const fields = parseCron(cron);
  assert.ok(fields);
  const format = new Intl.DateTimeFormat('sv-SE', {
    timeZone: zone,
    dateStyle: 'short',
    timeStyle: 'medium',
  });
  // As if it were UTC. No zone changes off the quarter of an hour.
  const localOf = (ms: number): number => Date.parse(`${format.format(ms).replace(' ', 'T')}Z`);
  const matches = (localMs: number): boolean => {
    if (!fields.second.includes((localMs / 1000) % 60)) return false;
    const date = new Date(localMs);
    const inMonth = fields.dayOfMonth.includes(date.getUTCDate());
    const inWeek = fields.dayOfWeek.includes(date.getUTCDay());
    return (
      fields.minute.includes(date.getUTCMinutes()) &&
      fields.hour.includes(date.getUTCHours()) &&
      fields.month.includes(date.getUTCMonth() + 1) &&
      (fields.days === 'either' ? inMonth || inWeek : inMonth && inWeek)
    );
  };
  const found = new Set<number>();
  const quarterMs = 900_000;
  // A change may leave out a whole day, and its times come a day later.
  const startMs = Math.floor(fromMs / quarterMs) * quarterMs - 25 * 3_600_000;
  let latestMs = -Infinity;
  let before = 0;
  for (let quarter = startMs; quarter <= untilMs; quarter += quarterMs) {
    const offset = localOf(quarter) - quarter;
    if (quarter > startMs && offset > before) {
      for (let local = quarter + before; local < quarter + offset; local += 1000)
        if (matches(local)) found.add(local - before);
    }
    for (let at = quarter; at < quarter + quarterMs; at += 1000) {
      const local = at + offset;
      const again = local <= latestMs;
      if (matches(local) && (!again || fields.hour.length === 24)) found.add(at);
    }
    latestMs = Math.max(latestMs, quarter + quarterMs - 1000 + offset);
    before = offset;
  }
  return [...found].filter((at) => at > fromMs && at <= untilMs).toSorted((a, b) => a - b);
}

/** Half-days in which clocks change: by an hour, by half an hour, at midnight, by a whole day. */
const changes: readonly (readonly [zone: string, from: string])[] = [
  ['Europe/Berlin', '2026-03-28T20:00:00Z'],
  ['Europe/Berlin', '2026-10-24T20:00:00Z'],
  ['America/New_York', '2026-03-08T00:00:00Z'],
  ['America/New_York', '2026-11-01T00:00:00Z'],
  ['Australia/Lord_Howe', '2026-04-04T10:00:00Z'],
  ['Australia/Lord_Howe', '2026-10-03T10:00:00Z'],
  ['Africa/Cairo', '2026-04-23T16:00:00Z'],
  ['Africa/Cairo', '2026-10-29T16:00:00Z'],
  ['Pacific/Apia', '2011-12-30T05:00:00Z'],
  ['Asia/Kolkata', '2026-12-31T12:00:00Z'],
  ['UTC', '2026-12-31T18:00:00Z'],
];

const values = (min: number, max: number): fc.Arbitrary<string> =>
  fc.oneof(
    fc.constant('*'),
    fc.integer({ min: 1, max: 15 }).map((step) => `*/${step}`),
    fc
      .uniqueArray(fc.integer({ min, max }), { minLength: 1, maxLength: 4 })
      .map((list) => list.toSorted((a, b) => a - b).join(',')),
  );
const days = (min: number, max: number): fc.Arbitrary<string> =>
  fc.oneof({ arbitrary: fc.constant('*'), weight: 3 }, { arbitrary: values(min, max), weight: 1 });
const expression = fc
  .tuple(
    fc.oneof(fc.constant('0'), values(0, 59)),
    values(0, 59),
    fc.oneof(values(0, 23), values(0, 4), fc.constant('*')),
    days(1, 31),
    fc.constant('*'),
    days(0, 7),
  )
  .map((fields) => fields.join(' '))
  .filter((text) => parseCron(text) !== undefined);

test('every time, and the last of many, is the one that a walk through each second finds, also where clocks change', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...changes),
      expression,
      fc.integer({ min: 0, max: 36_000_000 }),
      fc.integer({ min: 0, max: 12 * 3_600_000 }),
      ([zone, from], cron, laterMs, lengthMs) => {
        const fields = parseCron(cron);
        assert.ok(fields);
        const fromMs = Date.parse(from) + laterMs;
        const untilMs = fromMs + lengthMs;
        const walked = walkedTimes(cron, zone, fromMs, untilMs);
        const found: number[] = [];
        for (let next = nextTime(fields, zone, fromMs); next !== undefined && next <= untilMs;) {
          found.push(next);
          next = nextTime(fields, zone, next);
        }
        // Not all of both: a list of every second takes minutes to print.
        const differs = walked.findIndex((at, index) => at !== found[index]);
        assert.deepEqual([found.length, found[differs]], [walked.length, walked[differs]]);
        assert.equal(lastTime(fields, zone, fromMs, untilMs), walked.at(-1));
      },
    ),
    { numRuns: 100 },
  );
});

test('a schedule of every second that was away for a year is caught up with in no time', () => {
  const fields = parseCron('* * * * * *');
  assert.ok(fields);
  const from = Date.parse('2026-01-01T00:00:00Z');
  const upTo = Date.parse('2027-01-01T00:00:00Z') + 300;
  const began = performance.now();
  for (let schedule = 0; schedule < 50; schedule++)
    assert.equal(lastTime(fields, 'Europe/Berlin', from, upTo), upTo - 300);
  // A walk through half a minute of it alone took longer than this.
  assert.ok(performance.now() - began < 200);
});
