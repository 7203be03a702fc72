import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseCron } from '../../../hub/adapters/cron.ts';
import { isTimeZone, lastTime, nextTime } from '../../../hub/schedules/next-time.ts';

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

test('no time is left out in between, in any zone', () => {
  const zone = fc.constantFrom(
    'UTC',
    'Europe/Berlin',
    'America/New_York',
    'Australia/Lord_Howe',
    'Asia/Kolkata',
  );
  const cron = fc.constantFrom('*/15 * * * *', '0 0 */6 * * *', '5 4 * * *');
  fc.assert(
    fc.property(
      zone,
      cron,
      fc.integer({ min: 1_767_225_600, max: 1_798_761_600 }),
      (name, expression, second) => {
        const fields = parseCron(expression);
        assert.ok(fields);
        const from = second * 1000;
        const next = nextTime(fields, name, from);
        assert.ok(next !== undefined && next > from);
        const middle = from + Math.floor((next - from) / 2);
        assert.equal(nextTime(fields, name, middle), next);
        assert.equal(nextTime(fields, name, next - 1), next);
      },
    ),
    { numRuns: 60 },
  );
});

const zonesWithChanges = ['UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kolkata'];
const expressions = ['* * * * * *', '*/7 3,4 * * * *', '30 2 * * *', '0 0 1,31 * *', '15 1-3 * * 0'];

test('the last time up to a moment is the one a walk through all of them ends at', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...zonesWithChanges),
      fc.constantFrom(...expressions.slice(1)),
      // Around the changes of 2026 and elsewhere in the year.
      fc.oneof(
        fc.integer({ min: 1_774_735_200, max: 1_774_756_800 }),
        fc.integer({ min: 1_792_879_200, max: 1_792_900_800 }),
        fc.integer({ min: 1_767_225_600, max: 1_798_761_600 }),
      ),
      fc.integer({ min: 1, max: 20_000 }),
      (zone, expression, second, seconds) => {
        const fields = parseCron(expression);
        assert.ok(fields);
        const [from, upTo] = [second * 1000, (second + seconds) * 1000];
        let walked: number | undefined;
        for (let next = nextTime(fields, zone, from); next !== undefined && next <= upTo;) {
          walked = next;
          next = nextTime(fields, zone, next);
        }
        assert.equal(lastTime(fields, zone, from, upTo), walked);
      },
    ),
    { numRuns: 200 },
  );
});

test('a schedule of every second that was away for a year is caught up with in no time', () => {
  const fields = parseCron('* * * * * *');
  assert.ok(fields);
  const from = Date.parse('2026-01-01T00:00:00Z');
  const upTo = Date.parse('2027-01-01T00:00:00Z') + 300;
  assert.equal(lastTime(fields, 'Europe/Berlin', from, upTo), upTo - 300);
});
