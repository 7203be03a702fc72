import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decimalsOf } from '../../../dashboards/console/src/device/number-text.ts';
import { knownText, segmentsOf, sharesOf } from '../../../dashboards/console/src/device/presence-segments.ts';
import { inOrder } from '../../../dashboards/console/src/device/schema-order.ts';
import { presenceStates } from '../../../schemas/presence-states.ts';
import { rangeOf, spanOf } from '../../../dashboards/console/src/device/charts/ranges.ts';
import { Series } from '../../../dashboards/console/src/device/charts/series.ts';
import { clockText } from '../../../dashboards/console/src/device/clock-text.ts';
import {
  historyLines,
  eventText,
  reasonText,
} from '../../../dashboards/console/src/device/connection-history-text.ts';
import { ageText, shortSpan, utcTime } from '../../../dashboards/console/src/time.ts';
import { marksOf } from '../../../dashboards/console/src/device/charts/marks.ts';
import type { PresenceChange } from '../../../schemas/api/presence-history.ts';

/** What the page of a device makes of the API's answers, without a browser. */

const empty = (stepMs: number): ConstructorParameters<typeof Series>[0] => ({
  stepMs,
  times: [],
  fields: {},
});

test('a reading goes into the bucket of its time, however late it comes', () => {
  const series = new Series(
    {
      stepMs: 10,
      times: [100, 120],
      fields: { f: { mean: [1, 2], min: [1, 2], max: [1, 2], count: [1, 1] } },
    },
    'f',
  );
  series.add(125, 4);
  series.add(111, 7);
  series.add(90, 0);
  assert.deepEqual(
    series.buckets.map(({ timeMs, mean, min, max, count }) => [timeMs, mean, min, max, count]),
    [
      [90, 0, 0, 0, 1],
      [100, 1, 1, 1, 1],
      [110, 7, 7, 7, 1],
      [120, 3, 2, 4, 2],
    ],
  );
});

test('buckets that the store has no value for are left out', () => {
  const answer = {
    stepMs: 10,
    times: [0, 10, 20],
    fields: { f: { mean: [1, null, 3], min: [1, null, 3], max: [1, null, 3], count: [1, 0, 1] } },
  };
  assert.deepEqual(
    new Series(answer, 'f').buckets.map(({ timeMs }) => timeMs),
    [0, 20],
  );
  assert.deepEqual(new Series(answer, 'other').buckets, []);
});

test('readings in any order make the buckets that the store would have made of them', () => {
  const reading = fc.record({ timeMs: fc.nat(500), value: fc.integer({ min: -100, max: 100 }) });
  fc.assert(
    fc.property(fc.array(reading, { maxLength: 60 }), fc.integer({ min: 1, max: 50 }), (readings, stepMs) => {
      const series = new Series(empty(stepMs), 'f');
      for (const { timeMs, value } of readings) series.add(timeMs, value);
      const byBucket = Map.groupBy(readings, ({ timeMs }) => Math.floor(timeMs / stepMs) * stepMs);
      const expected = [...byBucket].toSorted(([a], [b]) => a - b);
      assert.deepEqual(
        series.buckets.map(({ timeMs, min, max, count }) => [timeMs, min, max, count]),
        expected.map(([timeMs, own]) => {
          const values = own.map(({ value }) => value);
          return [timeMs, Math.min(...values), Math.max(...values), values.length];
        }),
      );
      for (const [at, [, own]] of expected.entries()) {
        const mean = own.reduce((sum, { value }) => sum + value, 0) / own.length;
        assert.ok(Math.abs((series.buckets[at]?.mean ?? Number.NaN) - mean) < 1e-9);
      }
    }),
  );
});

test('the line breaks where far more time than usual passes, and only there', () => {
  const series = new Series(empty(1), 'f');
  for (const timeMs of [0, 10, 20, 30, 200, 210]) series.add(timeMs, 1);
  const [times, , , means] = series.columns();
  assert.deepEqual(times, [0, 10, 20, 30, 31, 200, 210]);
  assert.deepEqual(means, [1, 1, 1, 1, null, 1, 1]);
});

test('what the moving span has left behind is forgotten, but not the bucket it is in', () => {
  const series = new Series(empty(10), 'f');
  for (const timeMs of [0, 10, 20, 30]) series.add(timeMs, 1);
  series.trim(25);
  assert.deepEqual(
    series.buckets.map(({ timeMs }) => timeMs),
    [20, 30],
  );
  series.trim(1_000);
  assert.deepEqual(series.buckets, []);
});

test('presence is told in stretches from the state before to the end of the span', () => {
  const changes = [
    { timeMs: 90, state: 'offline', reason: 'bye' },
    { timeMs: 120, state: 'online', reason: 'session-opened' },
    { timeMs: 150, state: 'online', reason: 'session-replaced' },
    { timeMs: 180, state: 'offline', reason: 'bye' },
    { timeMs: 300, state: 'online', reason: 'session-opened' },
  ] as const;
  const segments = segmentsOf({ changes, stateBefore: 'online' }, { fromMs: 100, toMs: 200 });
  assert.deepEqual(segments, [
    { state: 'offline', fromMs: 100, toMs: 120 },
    { state: 'online', fromMs: 120, toMs: 180 },
    { state: 'offline', fromMs: 180, toMs: 200 },
  ]);
  assert.deepEqual(sharesOf(segments), [
    { state: 'online', tenths: 600 },
    { state: 'offline', tenths: 400 },
  ]);
});

test('where nothing is known of a time, nothing is said about it', () => {
  const history = {
    changes: [{ timeMs: 150, state: 'online', reason: 'session-opened' }],
    stateBefore: null,
  } as const;
  assert.deepEqual(segmentsOf(history, { fromMs: 100, toMs: 200 }), [
    { state: 'online', fromMs: 150, toMs: 200 },
  ]);
});

test('a span ends now unless the address names a time that is past', () => {
  const hour = rangeOf('1h');
  assert.equal(rangeOf('nonsense'), hour);
  assert.deepEqual(spanOf(hour, null, 10_000_000), { fromMs: 6_400_000, toMs: 10_000_000, live: true });
  assert.deepEqual(spanOf(hour, '9000000', 10_000_000), { fromMs: 5_400_000, toMs: 9_000_000, live: false });
  for (const until of ['10000001', '-5', 'NaN', '1e99', '']) {
    assert.equal(spanOf(hour, until, 10_000_000).live, true, until);
  }
});

test('the connection history is in plain words', () => {
  assert.equal(
    eventText({ kind: 'refused', status: 401, code: 'wrong-secret', address: '10.0.0.7' }),
    'Rejected with HTTP 401 (wrong-secret), from 10.0.0.7.',
  );
  assert.equal(eventText({ kind: 'closed', by: 'link', code: 1006, reason: '' }), 'Connection lost (1006).');
  assert.equal(
    eventText({ kind: 'presence', state: 'never-seen', reason: 'registered' }),
    'Registered; not connected yet.',
  );
  assert.equal(
    eventText({ kind: 'presence', state: 'offline', reason: 'link-lost' }),
    'Now offline: no response from the device.',
  );
  assert.equal(reasonText('a-word-of-a-newer-hub'), 'a-word-of-a-newer-hub');
});

test('a connection with its session and its coming online is one line of the history', () => {
  const connected = (atMs: number, address: string) => ({ kind: 'connected', address, atMs }) as const;
  const opened = (atMs: number, epoch: number) =>
    ({ kind: 'opened', epoch, boot: 'b', firmware: 'sim-1', atMs }) as const;
  const online = (atMs: number) =>
    ({ kind: 'presence', state: 'online', reason: 'session-opened', atMs }) as const;
  const lines = (...events: Parameters<typeof historyLines>[0]) =>
    historyLines(events).map(({ timeMs, text }) => [timeMs, text]);
  const line = 'Connected from 10.0.0.7 (session 1, firmware sim-1).';
  assert.deepEqual(lines(connected(1, '10.0.0.7'), opened(2, 1), online(3)), [[2, line]]);
  assert.deepEqual(lines(connected(1, '10.0.0.7'), online(2), opened(3, 1)), [[3, line]]);
  // A takeover: the old session ends between the new connection and its session.
  const closed = { kind: 'closed', by: 'hub', code: 4409, reason: 'replaced', atMs: 5 } as const;
  const taken = lines(connected(1, '10.0.0.7'), opened(2, 1), connected(4, '10.0.0.8'), closed, opened(6, 2));
  assert.deepEqual(taken, [
    [6, 'Connected from 10.0.0.8 (session 2, firmware sim-1).'],
    [5, 'The hub closed the session (4409, replaced).'],
    [2, line],
  ]);
  // A connection that never opened a session, and one that has left the bounded history.
  assert.deepEqual(lines(connected(1, '10.0.0.7')), [
    [1, 'Opened a connection from 10.0.0.7, without a hello so far.'],
  ]);
  assert.deepEqual(lines(opened(2, 1)), [[2, 'Connected (session 1, firmware sim-1).']]);
});

test('a clock is in sync within its uncertainty, or so far ahead or behind', () => {
  assert.equal(clockText({ quality: 'good', offsetMs: 0, driftMs: 0 }), 'in sync (±1 ms)');
  assert.equal(clockText({ quality: 'good', offsetMs: 1, driftMs: -2 }), 'in sync (±2 ms)');
  assert.equal(clockText({ quality: 'wrong', offsetMs: -3_600_000, driftMs: 0 }), '3600 s behind');
  assert.equal(clockText({ quality: 'wrong', offsetMs: 1_500, driftMs: 30 }), '1,500 ms ahead, drift +30 ms');
  assert.equal(clockText({ quality: 'unknown', driftMs: 0 }), 'not known yet');
});

test('ages and times are short, and UTC is to the millisecond', () => {
  const texts = [0, 999, 1_000, 59_999, 60_000, 7_200_000, 200_000_000].map((ms) => ageText(0, ms));
  assert.deepEqual(texts, ['now', 'now', '1 s ago', '59 s ago', '1 min ago', '2 h ago', '2 d ago']);
  assert.equal(ageText(90_000, 0), 'in 1 min');
  assert.equal(shortSpan(3_599_999), '59 min');
  assert.equal(utcTime(1_700_000_000_123), '2023-11-14 22:13:20.123 UTC');
});

test('shares sum to 100 %, whatever they are, and none that was there is nothing', () => {
  for (const lengths of [
    [1, 1, 1],
    [794, 146, 56, 1, 3],
    [1_000_000, 1],
    [99_996, 4],
    [1, 2, 3, 4, 5, 6, 7],
  ]) {
    let atMs = 0;
    const segments = lengths.map((length, at) => {
      const segment = { state: presenceStates[at] ?? 'online', fromMs: atMs, toMs: atMs + length };
      atMs += length;
      return segment;
    });
    const tenths = sharesOf(segments).map((share) => share.tenths);
    assert.equal(
      tenths.reduce((sum, share) => sum + share, 0),
      1_000,
      String(lengths),
    );
    assert.ok(Math.min(...tenths) > 0, String(lengths));
  }
});

test('what the shares are of is said where it is not the whole span', () => {
  const minute = 60_000;
  const span = { fromMs: 0, toMs: 60 * minute };
  const since = (fromMs: number) => [{ state: 'online' as const, fromMs, toMs: span.toMs }];
  assert.equal(knownText(since(0), span, -5), '');
  assert.equal(knownText(since(31 * minute), span, 31 * minute), 'of the 29 min since it was registered');
  assert.equal(knownText(since(31 * minute), span, -5), 'of the 29 min that are known');
});

test('a chart knows the newest reading itself, and how fine its readings are', () => {
  const series = new Series(empty(1_000), 'f');
  series.add(100, 21.4);
  series.add(200, 20.5);
  series.add(150, 7);
  assert.deepEqual(series.last, { timeMs: 200, value: 20.5 });
  assert.equal(series.decimals, 1);
  assert.equal(decimalsOf([1, 2]), 0);
  assert.equal(decimalsOf([1e-9, 0.123456789]), 5);
});

test('values stand in the order of the device type, and what it does not know comes last', () => {
  const entries: [string, number][] = [
    ['x', 0],
    ['b', 1],
    ['a', 2],
  ];
  assert.deepEqual(
    inOrder(entries, ['a', 'b']).map(([name]) => name),
    ['a', 'b', 'x'],
  );
});

test('what happened is marked newest first, and a device that is suspect for a moment has neither gone nor come', () => {
  const change = (timeMs: number, state: PresenceChange['state']): PresenceChange => ({
    timeMs,
    state,
    reason: 'bye',
  });
  const marks = marksOf({
    alarms: [],
    commands: [],
    updates: [],
    events: [
      { timeMs: 25, name: 'leak', severity: 'critical', data: { rate: 2 } },
      { timeMs: 26, name: 'opened', severity: 'info', data: {} },
    ],
    wordsOf: (name) => name,
    presence: [
      change(10, 'never-seen'),
      change(20, 'online'),
      change(30, 'suspect'),
      change(40, 'online'),
      change(50, 'suspect'),
      change(60, 'offline'),
    ],
  });
  assert.deepEqual(
    marks.map(({ timeMs, tone, words }) => [timeMs, tone, words]),
    [
      [60, 'rest', 'Now offline: disconnected cleanly (bye)'],
      [26, 'move', 'Event: opened'],
      [25, 'bad', 'Event: leak {"rate":2}'],
      [20, 'good', 'Now online: disconnected cleanly (bye)'],
    ],
  );
});
