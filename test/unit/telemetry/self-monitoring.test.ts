import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { createLog } from '../../../hub/kernel/log.ts';
import { HubRecorder, type HubNumbers } from '../../../hub/telemetry/self-monitoring.ts';
import { ownAccount } from '../../../hub/telemetry/ledger.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { testRoad } from '../../helpers/hubs/pipeline.ts';

const numbers: HubNumbers = {
  devices: 5,
  online: 4,
  sessions: 3,
  commandsOpen: 2,
  commandsUncertain: 1,
  spoolSize: 1_000,
  spoolFill: 0.25,
  bufferFill: 0.5,
  storeUp: true,
  busUp: false,
  faults: ['bus'],
  eventLoopLagMs: 1.5,
  eventLoopShare: 0.125,
  heapBytes: 1_000_000,
};

/** A recorder on a road whose store keeps what it is given. */
function record(t: TestContext) {
  const clock = new ManualClock();
  const lines: string[] = [];
  const store = {
    write: (written: readonly string[]) => {
      lines.push(...written);
      return Promise.resolve({ kind: 'stored' } as const);
    },
    probe: () => Promise.resolve('a store'),
  };
  const road = testRoad({ store, clock, log: createLog({ level: 'silent' }) });
  const { writer, books } = road;
  const recorder = new HubRecorder({ clock, writer, books, hubId: 'h 1', read: () => numbers });
  t.after(() => road.close());
  return { clock, lines, road, recorder };
}

test('the hub writes one point of itself every ten seconds, until it is closed', async (t) => {
  const { clock, lines, road, recorder } = record(t);
  clock.advance(9_999);
  assert.equal(road.books.total.received, 0);
  clock.advance(20_001);
  recorder.close();
  clock.advance(60_000);
  await road.writer.drain(1_000);
  assert.equal(lines.length, 3);
  const [prefix, fields, time] = (lines[1] ?? '').split(/(?<!\\) /);
  assert.equal(prefix, String.raw`hub,hub=h\ 1`);
  assert.equal(time, String((1_767_225_600_000 + 20_000) * 1000));
  const values = Object.fromEntries((fields ?? '').split(',').map((pair) => pair.split('=')));
  // The first point has been received when the second is made; each is in the books like any other.
  assert.equal(values['received'], '1i');
  assert.equal(values['imbalance'], '0i');
  assert.equal(values['uptimeSec'], '20');
  assert.equal(values['storeUp'], '1i');
  assert.equal(values['busUp'], '0i');
  assert.equal(values['degraded'], '1i');
  assert.equal(values['faults'], '"bus"');
  assert.equal(values['sessions'], '3i');
  assert.equal(values['spoolFill'], '0.25');
  assert.equal(values['eventLoopLagMs'], '1.5');
  assert.equal(road.books.find(ownAccount)?.stored, 3);
});
