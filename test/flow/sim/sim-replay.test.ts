import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { ReplaySummary } from '../../../device-sim/replay/replay.ts';
import type { HubFrame, TelemetryFrame } from '../../../schemas/index.ts';
import { spawnGuarded, temporaryFolder } from '../../helpers/services/guard.ts';
import { startScriptedHub, type ScriptedHub } from '../../helpers/hubs/scripted-hub.ts';

/** Answers to one telemetry frame; the ack of everything so far follows by itself. */
type Judge = (frame: TelemetryFrame) => HubFrame[];

/** A hub that takes one device and answers each telemetry frame. */
async function takeAll(hub: ScriptedHub, judge: Judge = () => []): Promise<TelemetryFrame[]> {
  const session = await hub.session();
  await session.welcome();
  const frames: TelemetryFrame[] = [];
  for (;;) {
    const frame = await session.frame();
    if (frame.type === 'bye') {
      session.close(1000, '{"code":"bye"}');
      return frames;
    }
    if (frame.type !== 'telemetry') continue;
    frames.push(frame);
    for (const answer of judge(frame)) session.send(answer);
    session.send({ type: 'ack', upTo: frame.seq });
  }
}

async function replay(t: TestContext, hub: ScriptedHub, content: string, args: readonly string[] = []) {
  const folder = temporaryFolder('replay');
  t.after(() => folder.remove());
  const file = join(folder.path, 'recording.csv');
  writeFileSync(file, content);
  const fixed = [
    'device-sim/main.ts',
    'replay',
    file,
    '--url',
    hub.url,
    '--id',
    'd-1',
    '--secret',
    's',
    '--json',
  ];
  const child = await spawnGuarded(process.execPath, [...fixed, ...args]);
  t.after(() => child.end('SIGKILL'));
  const { code } = await child.exited;
  const json = child.output().match(/^\{"file".*\}$/m)?.[0];
  return {
    code,
    output: child.output(),
    summary: json === undefined ? undefined : (JSON.parse(json) as ReplaySummary),
  };
}

test('a recording goes out in batches as backfill with its own times, and every row is settled before it ends', async (t) => {
  const hub = await startScriptedHub(t);
  const taken = takeAll(hub);
  const startMs = Date.UTC(2013, 6, 4);
  const rows = Array.from({ length: 1200 }, (_, hour) => {
    return `${new Date(startMs + hour * 3_600_000).toISOString().slice(0, 19).replace('T', ' ')},${50 + (hour % 40)}`;
  });
  const { code, summary } = await replay(t, hub, ['timestamp,value', ...rows].join('\n'), [
    '--unit',
    'temperature=degF:Cel',
  ]);
  const frames = await taken;
  const samples = frames.flatMap((frame) => frame.samples ?? []);
  assert.equal(samples.length, 1200);
  assert.ok(
    frames.length === 3 && frames.every(({ backfill, stream }) => backfill === true && stream === 'env'),
  );
  assert.deepEqual(samples[1], { ts: startMs + 3_600_000, data: { temperature: ((51 - 32) * 5) / 9 } });
  assert.equal(code, 0);
  assert.ok(summary !== undefined);
  assert.deepEqual(
    [summary.rows, summary.sent, summary.stored, summary.distinctPoints],
    [1200, 1200, 1200, 1200],
  );
});

test('what was refused, skipped, left out and repeated is named, and the exit code says that it was', async (t) => {
  const hub = await startScriptedHub(t);
  const errors = [{ path: '/temperature', keyword: 'maximum', expected: '<= 125', got: '999' }];
  const judge: Judge = ({ seq }) => [
    { type: 'nack', seq, code: 'schema', retry: false, errors, rejectedSamples: [1] },
  ];
  const taken = takeAll(hub, judge);
  const content = [
    'timestamp,temperature,humidity',
    '2024-01-01 02:00:00,20,40',
    '2024-01-01 00:00:00,999,40',
    '2024-01-01 02:00:00,21,n/a',
    'never,22,40',
  ].join('\n');
  const { code, summary } = await replay(t, hub, content);
  await taken;
  assert.equal(code, 1);
  assert.ok(summary !== undefined);
  const { rows, sent, stored, refused, skipped, cellsLeftOut, repeated, distinctPoints } = summary;
  assert.deepEqual(
    { rows, sent, stored, refused, skipped, cellsLeftOut, repeated, distinctPoints },
    {
      rows: 4,
      sent: 3,
      stored: 2,
      refused: 1,
      skipped: 1,
      cellsLeftOut: 1,
      repeated: 1,
      distinctPoints: 1,
    },
  );
  assert.deepEqual(summary.firstRefused, [{ line: 3, ts: Date.UTC(2024, 0, 1), code: 'schema', errors }]);
  assert.deepEqual(summary.firstFaults, [
    { line: 4, column: 'humidity', value: 'n/a', reason: 'not a number' },
    { line: 5, column: 'timestamp', value: 'never', reason: 'not a time' },
  ]);
  assert.deepEqual(summary.firstRepeated, [{ line: 4, ts: Date.UTC(2024, 0, 1, 2) }]);
});

test('--lenient takes skipped rows for granted', async (t) => {
  const hub = await startScriptedHub(t);
  const taken = takeAll(hub);
  const { code, summary } = await replay(t, hub, 'timestamp,value\n2024-01-01,1\n2024-01-02,\n', [
    '--lenient',
  ]);
  await taken;
  assert.deepEqual([code, summary?.skipped, summary?.stored], [0, 1, 1]);
});

test('a hub that does not know the device ends the replay with its answer', async (t) => {
  const hub = await startScriptedHub(t);
  hub.refuse({ status: 401 });
  const { code, output } = await replay(t, hub, 'timestamp,value\n2024-01-01,1\n');
  assert.equal(code, 2);
  assert.match(output, /does not accept this id and secret \(HTTP 401\)/);
});

test('a replay goes on where the link broke', async (t) => {
  const hub = await startScriptedHub(t);
  const replayed = replay(t, hub, 'timestamp,value\n2024-01-01,1\n2024-01-02,2\n');
  const session = await hub.session();
  await session.welcome();
  await session.next('telemetry');
  session.cut();
  const frames = await takeAll(hub);
  assert.equal(frames[0]?.samples?.length, 2);
  const { code, summary } = await replayed;
  assert.deepEqual([code, summary?.stored], [0, 2]);
});

test('a wrong column, unit, zone, type or URL is told before anything is sent', async (t) => {
  const hub = await startScriptedHub(t);
  const wrong: [string[], RegExp][] = [
    [['--column', 'speed=temperature'], /there is no column speed; the file has timestamp, value/],
    [['--unit', 'temperature=degF:K'], /degF:Cel +°C = \(°F − 32\) × 5 \/ 9/],
    [['--zone', 'Mars/Olympus'], /an IANA name, for example Europe\/Berlin/],
    [['--type', 'toaster@1'], /no device type toaster@1 .* known types: env-sensor@1/],
    [['--stream', 'air'], /--stream must be one of env/],
    [['--url', 'https://localhost'], /It must begin with wss:\/\//],
  ];
  const outcomes = await Promise.all(
    wrong.map(([args]) => replay(t, hub, 'timestamp,value\n2024-01-01,1\n', args)),
  );
  for (const [index, { code, output }] of outcomes.entries()) {
    assert.equal(code, 2);
    assert.match(output, wrong[index]?.[1] ?? /never/);
  }
});
