import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeReadings } from '../../../hub/admin/type-check.ts';
import { FrameLog } from '../../../hub/sessions/frames/frame-log.ts';
import { shortenTelemetry } from '../../../schemas/cbor/short-telemetry.ts';
import { layoutOf } from '../../../schemas/cbor/type-layout.ts';
import { writeCbor } from '../../../schemas/cbor/cbor-writer.ts';
import { compileDeviceType } from '../../../schemas/index.ts';
import { ManualClock } from '../../helpers/clock.ts';

/** What another definition of a type would make of the readings that came last. */

const typeWith = (maximum: number) =>
  compileDeviceType(
    {
      name: 'boiler',
      version: 1,
      streams: {
        env: {
          type: 'object',
          properties: { temperature: { type: 'number', maximum } },
          required: ['temperature'],
          additionalProperties: false,
        },
      },
      presence: { heartbeatSec: 30 },
    },
    'boiler@1',
  );
const [today, stricter] = [typeWith(100), typeWith(60)];

const reading = (seq: number, temperature: number) =>
  ({ type: 'telemetry', seq, stream: 'env', ts: 1_700_000_000_000 + seq, data: { temperature } }) as const;

test('readings are judged by both definitions, those in batches and in CBOR too, by firmware', async () => {
  const log = new FrameLog(new ManualClock());
  const json = log.of('j-1');
  json.connected('10.0.0.1');
  json.received(JSON.stringify(reading(1, 20)));
  json.received(JSON.stringify(reading(2, 71)));
  json.received(JSON.stringify(reading(3, 101)));
  json.received('{"type":"telemetry","seq":4,');
  json.received('{"type":"heartbeat","up":5}');
  json.sent('{"type":"ack","upTo":4}');
  const samples = [50, 70, 80].map((temperature, at) => ({ ts: at + 1, data: { temperature } }));
  const batch = { type: 'telemetry', seq: 1, stream: 'env', samples } as const;
  log.of('c-1').received(writeCbor(shortenTelemetry(batch, layoutOf(today.definition).streams)));
  log.of('c-1').received(JSON.stringify({ ...reading(2, 1), stream: 'nope' }));
  const devices = [
    { id: 'j-1', firmware: '2.3', type: today },
    { id: 'c-1', firmware: '2.4', type: today },
    { id: 'silent', firmware: '2.4', type: today },
  ];
  const verdicts = await judgeReadings(stricter, devices, (id) => log.entries(id));
  assert.deepEqual(verdicts, {
    devices: 2,
    read: 7,
    firmwares: [
      { firmware: '2.4', read: 4, rejected: 3, rejectedNow: 1 },
      { firmware: '2.3', read: 3, rejected: 2, rejectedNow: 1 },
    ],
    rejects: [
      {
        stream: 'env',
        field: '/temperature',
        rule: 'maximum',
        firmware: '2.3',
        count: 2,
        example: { device: 'j-1', message: '/temperature must be <= 60; it is 101' },
      },
      {
        stream: 'env',
        field: '/temperature',
        rule: 'maximum',
        firmware: '2.4',
        count: 2,
        example: { device: 'c-1', message: '/temperature must be <= 60; it is 70' },
      },
      {
        stream: 'nope',
        field: '',
        rule: 'stream',
        firmware: '2.4',
        count: 1,
        example: { device: 'c-1', message: 'it must be a stream of boiler@1; it is nope' },
      },
    ],
  });
});

test('of a large fleet the newest thousand readings are judged, of devices all over it', async () => {
  const log = new FrameLog(new ManualClock());
  const devices = Array.from({ length: 3_000 }, (_, at) => ({
    id: `d-${at}`,
    firmware: at < 1_500 ? 'old' : 'new',
    type: today,
  }));
  for (const { id } of devices) {
    log.of(id).received(JSON.stringify(reading(1, 90)));
    log.of(id).received(JSON.stringify(reading(2, 20)));
  }
  const { read, firmwares } = await judgeReadings(stricter, devices, (id) => log.entries(id));
  assert.equal(read, 1_000);
  assert.deepEqual(
    firmwares.map(({ rejected, read: ofIt }) => [rejected, Math.abs(ofIt - 500) <= 1]),
    [
      [0, true],
      [0, true],
    ],
  );
});
