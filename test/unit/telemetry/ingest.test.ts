import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import type { FrameOwner } from '../../../hub/telemetry/batch.ts';
import { imbalance } from '../../../hub/telemetry/ledger.ts';
import { Ingest } from '../../../hub/telemetry/ingest.ts';
import { compileDeviceType, type EventFrame, type TelemetryFrame } from '../../../schemas/index.ts';
import { ManualClock, trustedClock } from '../../helpers/clock.ts';
import { ScriptedStore } from '../../helpers/hubs/scripted-store.ts';
import { sensorType } from '../../helpers/hubs/session-fixture.ts';
import { hostileNumber, hostileTimes } from '../../helpers/fuzz/hostile-values.ts';
import { silentLog } from '../../helpers/silent-log.ts';
import { startMs } from '../../helpers/start-time.ts';
import { testPipeline } from '../../helpers/hubs/pipeline.ts';

const anchors = new Map([
  ['now', startMs - 10_000],
  ['before', startMs - 3_600_000],
  ['long ago', startMs - 100 * 86_400_000],
  ['at 1970', 0],
]);

function startIngest(
  t: TestContext,
  { bufferLines = 1_000, type = sensorType, retentionMs = Infinity } = {},
) {
  const clock = new ManualClock(startMs);
  const store = new ScriptedStore();
  const pipeline = testPipeline({ store, clock, log: silentLog }, { writer: { bufferLines } });
  const { writer, ledger, shedding } = pipeline;
  const nobody: FrameOwner = { account: ledger.account('d1'), stored() {}, refusedByStore() {} };
  t.after(() => pipeline.close());
  const fanned: unknown[][] = [];
  const follower = {
    followStream: (id: string, _type: unknown, stream: string) => ({
      reading: (...told: unknown[]) => void fanned.push([id, stream, ...told]),
      readings: (...told: unknown[]) => void fanned.push([id, stream, ...told]),
    }),
    event: (...told: unknown[]) => void fanned.push(told),
  };
  const ingest = new Ingest(
    { writer, ledger, shedding, followers: [follower], clock, hubClock: trustedClock(clock) },
    { maxAgeMs: 86_400_000, maxAheadMs: 60_000, backfillMaxAgeMs: 3_660 * 86_400_000, retentionMs },
  );
  const channel = ingest.openChannel({ id: 'd1', site: 'lab' }, type, 'now', anchors);
  let seq = 0;
  const telemetry = (members: Partial<TelemetryFrame>) =>
    ingest.telemetry(channel, nobody, { type: 'telemetry', seq: (seq += 1), stream: 'env', ...members });
  const event = (members: Partial<EventFrame>) =>
    ingest.event(channel, nobody, {
      type: 'event',
      seq: (seq += 1),
      name: 'leak',
      severity: 'info',
      ...members,
    });
  /** The lines written since the last call. */
  const lines = async (): Promise<string[]> => {
    await writer.drain(1_000);
    return store.writes.splice(0).flat();
  };
  return { ledger, ingest, telemetry, event, lines, fanned, clock, writer };
}

const data = { temperature: 21.5 };
const prefix = 'sensor_env,device=d1,site=lab,type=sensor';

test('a reading becomes one line with the device of the session and its own time', async (t) => {
  const { telemetry, lines, fanned } = startIngest(t);
  assert.equal(telemetry({ ts: startMs + 0.123, data }), undefined);
  assert.deepEqual(await lines(), [`${prefix} temperature=21.5 ${startMs}123`]);
  assert.deepEqual(fanned, [['d1', 'env', startMs + 0.123, data]]);
});

test('uptimes are turned into times by the anchor of their boot, this one or an earlier one', async (t) => {
  const { telemetry, lines } = startIngest(t);
  assert.equal(telemetry({ up: 2_500, data }), undefined);
  assert.equal(telemetry({ up: 2_500, boot: 'now', data }), undefined);
  assert.equal(telemetry({ up: 0.25, boot: 'before', data }), undefined);
  const at = (ms: number): string => `${prefix} temperature=21.5 ${ms * 1_000}`;
  assert.deepEqual(await lines(), [at(startMs - 7_500), at(startMs - 7_500), at(startMs - 3_600_000 + 0.25)]);
});

test('an uptime of a boot the hub never saw is refused, naming the boot', (t) => {
  const { telemetry } = startIngest(t);
  for (const boot of ['unknown', '__proto__', 'constructor']) {
    const verdict = telemetry({ up: 5, boot, data });
    assert.equal(verdict?.taken, false);
    assert.equal(verdict?.refusals[0]?.code, 'clock');
    assert.match(verdict?.refusals[0]?.errors?.[0]?.expected ?? '', new RegExp(`has not seen ${boot}$`));
  }
});

test('the window of times: both ends are in, a step beyond is out with the hub time, and poisons nothing', (t) => {
  const { telemetry } = startIngest(t);
  for (const ts of [startMs - 86_400_000, startMs + 60_000]) assert.equal(telemetry({ ts, data }), undefined);
  for (const ts of [startMs - 86_400_000.001, startMs + 60_000.001]) {
    const verdict = telemetry({ ts, data });
    assert.deepEqual([verdict?.refusals[0]?.code, verdict?.refusals[0]?.now], ['clock', startMs]);
    assert.equal(verdict?.refusals[0]?.errors?.[0]?.path, '/ts');
  }
  assert.equal(telemetry({ ts: startMs, data }), undefined);
});

test("backfill has a floor of its own, below which no time is a reading's, in each form and unit", (t) => {
  const { telemetry, event, ledger } = startIngest(t);
  const days = 86_400_000;
  const seconds = startMs / 1_000;
  const before2015 = Date.UTC(2015, 0, 1) - 1;
  const refused = [0, 1_000, 12_345, seconds, before2015, startMs - 3_661 * days];
  for (const ts of refused) {
    const verdict = telemetry({ ts, backfill: true, data });
    assert.equal(verdict?.refusals[0]?.code, 'clock', String(ts));
    assert.match(verdict.refusals[0]?.errors?.[0]?.expected ?? '', /^Unix time in ms, >= 1\d{12} and/);
    assert.equal(event({ ts, backfill: true, data: { zone: 1 } })?.refusals[0]?.code, 'clock', String(ts));
    const batch = telemetry({
      samples: [
        { ts, data },
        { ts: startMs, data },
      ],
      backfill: true,
    });
    assert.deepEqual(batch?.refusals[0]?.rejectedSamples, [0], String(ts));
  }
  assert.equal(telemetry({ up: 1, boot: 'at 1970', backfill: true, data })?.refusals[0]?.code, 'clock');
  assert.equal(ledger.rejectedBy.clock, refused.length * 3 + 1);
});

test('nothing is acked that the retention would remove, backfill or not, and the refusal says so', (t) => {
  const { telemetry } = startIngest(t, { retentionMs: 3_600_000 });
  assert.equal(telemetry({ ts: startMs - 3_600_000, backfill: true, data }), undefined);
  for (const backfill of [true, false]) {
    const refusal = telemetry({ ts: startMs - 3_600_001, backfill, data })?.refusals[0];
    assert.equal(refusal?.code, 'clock');
    assert.match(refusal?.errors?.[0]?.expected ?? '', /the hub keeps no older readings$/);
  }
});

test('an event of a type without events is told that there are none', (t) => {
  const { event } = startIngest(t, { type: { ...sensorType, events: new Map() } });
  const error = event({ ts: startMs, name: 'fire' })?.refusals[0]?.errors?.[0];
  assert.equal(error?.expected, `none: ${sensorType.id} has no events`);
});

test('backfill lifts the limit on age and none on the future, for ts and up alike', (t) => {
  const { telemetry } = startIngest(t);
  assert.equal(telemetry({ ts: startMs - 3_660 * 86_400_000, backfill: true, data }), undefined);
  assert.equal(telemetry({ up: 1, boot: 'long ago', backfill: true, data }), undefined);
  assert.equal(telemetry({ up: 1, boot: 'long ago', data })?.refusals[0]?.code, 'clock');
  assert.equal(telemetry({ ts: 0, backfill: false, data })?.refusals[0]?.code, 'clock');
  assert.equal(telemetry({ ts: startMs + 60_001, backfill: true, data })?.refusals[0]?.code, 'clock');
  assert.equal(telemetry({ up: 70_001, backfill: true, data })?.refusals[0]?.code, 'clock');
});

test('the window moves with the hub clock', (t) => {
  const { telemetry, clock } = startIngest(t);
  const ts = startMs + 90_000;
  assert.equal(telemetry({ ts, data })?.refusals[0]?.code, 'clock');
  clock.advance(30_000);
  assert.equal(telemetry({ ts, data }), undefined);
});

test('what is refused names the field and the rule', (t) => {
  const { telemetry, event } = startIngest(t);
  const wrong = telemetry({ ts: startMs, data: { temperature: 900 } })?.refusals[0];
  assert.deepEqual(wrong?.errors, [
    { path: '/temperature', keyword: 'maximum', expected: '<= 125', got: '900' },
  ]);
  const stream = telemetry({ ts: startMs, stream: 'gas', data })?.refusals[0];
  assert.deepEqual([stream?.code, stream?.errors?.[0]?.expected], ['unknown-stream', 'one of env']);
  const name = event({ ts: startMs, name: 'fire' })?.refusals[0];
  assert.deepEqual([name?.code, name?.errors?.[0]?.path], ['unknown-stream', '/name']);
  assert.equal(event({ ts: startMs, data: { zone: 'x' } })?.refusals[0]?.errors?.[0]?.path, '/zone');
});

test('an event is a point of measurement event with its name and severity as tags', async (t) => {
  const { event, lines, fanned } = startIngest(t);
  assert.equal(event({ ts: startMs, severity: 'critical', data: { zone: 3 } }), undefined);
  assert.equal(event({ up: 0, boot: 'before' }), undefined);
  const tags = (severity: string): string =>
    `event,device=d1,name=leak,severity=${severity},site=lab,type=sensor`;
  assert.deepEqual(await lines(), [
    String.raw`${tags('critical')} data="{\"zone\":3}" ${startMs}000`,
    `${tags('info')} data="{}" ${startMs - 3_600_000}000`,
  ]);
  assert.equal(fanned.length, 2);
});

test('bad samples are refused by index and kind, the rest is one frame of lines', async (t) => {
  const { telemetry, lines, fanned } = startIngest(t);
  const verdict = telemetry({
    samples: [
      { ts: startMs, data },
      { ts: startMs + 1, data: { temperature: 'hot' } },
      { ts: startMs + 600_000, data },
      { ts: startMs + 2, data },
      { ts: startMs + 3, data: {} },
    ],
  });
  assert.equal(verdict?.taken, true);
  assert.deepEqual(
    verdict?.refusals.map(({ code, rejectedSamples }) => ({ code, rejectedSamples })),
    [
      { code: 'schema', rejectedSamples: [1, 4] },
      { code: 'clock', rejectedSamples: [2] },
    ],
  );
  assert.deepEqual(
    await lines(),
    [0, 2].map((ms) => `${prefix} temperature=21.5 ${startMs + ms}000`),
  );
  assert.deepEqual(fanned, [
    [
      'd1',
      'env',
      [
        { ts: startMs, data },
        { ts: startMs + 2, data },
      ],
    ],
  ]);
});

test('with a full buffer the good samples are overloaded, the bad ones refused for good, and nothing is told on', (t) => {
  const { telemetry, fanned } = startIngest(t, { bufferLines: 1 });
  const verdict = telemetry({
    samples: [
      { ts: startMs, data },
      { ts: startMs + 1, data: {} },
      { ts: startMs + 2, data },
    ],
  });
  assert.equal(verdict?.taken, false);
  assert.deepEqual(
    verdict?.refusals.map(({ code, rejectedSamples }) => ({ code, rejectedSamples })),
    [
      { code: 'schema', rejectedSamples: [1] },
      { code: 'overloaded', rejectedSamples: [0, 2] },
    ],
  );
  assert.deepEqual(fanned, []);
});

test('every point received is on its way to the store or counted as rejected, by code', (t) => {
  const { ledger, telemetry, writer } = startIngest(t, { bufferLines: 40 });
  const sample = fc.record({
    ts: fc.constantFrom(startMs, startMs + 120_000, 5),
    data: fc.constantFrom<unknown>(data, {}, { temperature: 1e9 }, 7),
  });
  const frame = fc.oneof(
    fc.record({
      stream: fc.constantFrom('env', 'gas'),
      samples: fc.array(sample, { minLength: 1, maxLength: 5 }),
    }),
    sample,
  );
  fc.assert(
    fc.property(fc.array(frame), (frames) => {
      for (const members of frames) telemetry(members);
      assert.equal(imbalance(ledger.total), 0);
      assert.equal(ledger.total.inFlight, writer.waiting);
    }),
  );
});

test('null for a field that may be null leaves the field out: the rest is stored and told, and it is counted', async (t) => {
  const type = compileDeviceType(
    {
      name: 'sensor',
      version: 3,
      streams: {
        env: {
          type: 'object',
          properties: {
            temperature: { type: 'number', minimum: -60, nullable: true },
            humidity: { type: 'integer', nullable: true },
            mode: { type: 'string', enum: ['on', 'off'], nullable: true },
            level: { type: 'number' },
          },
          required: ['temperature'],
          additionalProperties: false,
        },
      },
      presence: { heartbeatSec: 30 },
    },
    'sensor@3.json',
  );
  const { telemetry, lines, fanned, ingest, ledger } = startIngest(t, { type });
  assert.equal(telemetry({ ts: startMs, data: { temperature: null, humidity: 3, mode: null } }), undefined);
  assert.deepEqual(await lines(), [`${prefix} humidity=3i ${startMs}000`]);
  assert.deepEqual(fanned, [['d1', 'env', startMs, { humidity: 3 }]]);
  assert.equal(ingest.nullFields, 2);
  const batch = telemetry({
    samples: [
      { ts: startMs + 1, data: { temperature: 20, level: null } },
      { ts: startMs + 2, data: { temperature: null } },
      { ts: startMs + 3, data: { temperature: null, level: 1 } },
      { ts: startMs + 4, data: { temperature: 'hot' } },
    ],
  });
  assert.deepEqual(
    batch?.refusals.map(({ code, rejectedSamples, errors }) => [
      code,
      rejectedSamples,
      errors?.[0]?.expected,
    ]),
    [['schema', [0, 1, 3], 'number']],
  );
  assert.deepEqual(await lines(), [`${prefix} level=1 ${startMs + 3}000`]);
  assert.match(
    telemetry({ ts: startMs, data: { temperature: null } })?.refusals[0]?.errors?.[0]?.expected ?? '',
    /at least one field/,
  );
  assert.equal(ingest.nullFields, 3, 'of what is taken');
  assert.equal(imbalance(ledger.total), 0);
});

test('a time at any edge, in any unit, is within the window or refused with the place and the rule', async (t) => {
  const { telemetry, event, lines } = startIngest(t);
  const time = fc.oneof(fc.constantFrom(...hostileTimes), hostileNumber, fc.constant(startMs));
  const reading = fc.record({
    time,
    as: fc.constantFrom('ts', 'up'),
    boot: fc.constantFrom('now', 'long ago', 'unknown', '__proto__'),
    backfill: fc.boolean(),
    send: fc.constantFrom<'telemetry' | 'event' | 'sample'>('telemetry', 'event', 'sample'),
  });
  await fc.assert(
    fc.asyncProperty(reading, async ({ time: given, as, boot, backfill, send }) => {
      const when = { [as]: given };
      const verdict =
        send === 'event'
          ? event({ ...when, boot })
          : telemetry({
              boot,
              backfill,
              ...(send === 'sample' ? { samples: [{ ...when, data }] } : { ...when, data }),
            });
      const written = await lines();
      if (verdict === undefined) {
        const atMs = Number(written[0]?.split(' ').at(-1)) / 1_000;
        assert.ok(atMs >= Date.UTC(2015, 0, 1) && atMs <= startMs + 60_000, written.join());
        return;
      }
      assert.deepEqual(written, []);
      const [refusal] = verdict.refusals;
      assert.equal(refusal?.code, 'clock');
      const [fault] = refusal.errors ?? [];
      assert.ok(
        fault !== undefined && fault.path.endsWith(`/${as}`) && fault.keyword === 'time',
        JSON.stringify(fault),
      );
      assert.match(fault.expected, /^>= \d+ and|^Unix time in ms, >= \d|has not seen/);
    }),
    { numRuns: 500 },
  );
});
