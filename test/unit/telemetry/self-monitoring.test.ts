import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { createLog } from '../../../hub/kernel/log.ts';
import { SelfMonitoring, type HubSample } from '../../../hub/telemetry/self-monitoring.ts';
import { hubAccount } from '../../../hub/telemetry/ledger.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { testPipeline } from '../../helpers/hubs/pipeline.ts';

const numbers: HubSample = {
  devices: 5,
  online: 4,
  sessions: 3,
  commandsOpen: 2,
  commandsUncertain: 1,
  rolloutsOpen: 1,
  updatesOpen: 3,
  updatesSucceeded: 5,
  updatesFailed: 2,
  rolloutsStopped: 0,
  spoolSize: 1_000,
  spoolFill: 0.25,
  bufferFill: 0.5,
  spoolWaitSec: 0,
  storeUp: true,
  storeWriteMs: 3.5,
  busUp: false,
  faults: ['bus'],
  eventLoopLagMs: 1.5,
  eventLoopShare: 0.125,
  heapBytes: 1_000_000,
  certificateLeftSec: 3_456_000,
};

/** Self-monitoring on a pipeline whose store keeps what it is given. */
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
  const pipeline = testPipeline({ store, clock, log: createLog({ level: 'silent' }) });
  const { writer, ledger } = pipeline;
  const monitoring = new SelfMonitoring({ clock, writer, ledger, hubId: 'h 1', read: () => numbers });
  monitoring.start();
  t.after(() => pipeline.close());
  return { clock, lines, pipeline, monitoring };
}

test('the hub writes one point of itself every ten seconds, until it is closed', async (t) => {
  const { clock, lines, pipeline, monitoring } = record(t);
  clock.advance(9_999);
  assert.equal(pipeline.ledger.total.received, 0);
  clock.advance(20_001);
  monitoring.close();
  clock.advance(60_000);
  await pipeline.writer.drain(1_000);
  assert.equal(lines.length, 3);
  const [prefix, fields, time] = (lines[1] ?? '').split(/(?<!\\) /);
  assert.equal(prefix, String.raw`hub,hub=h\ 1`);
  assert.equal(time, String((1_767_225_600_000 + 20_000) * 1000));
  const values = Object.fromEntries((fields ?? '').split(',').map((pair) => pair.split('=')));
  // The first point has been received when the second is made; each is in the ledger like any other.
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
  assert.equal(pipeline.ledger.find(hubAccount)?.stored, 3);
});
