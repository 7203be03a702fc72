import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { Incident } from '../../../schemas/api/incidents.ts';
import type { PresenceState } from '../../../schemas/presence-states.ts';
import { neverSeen } from '../../../hub/presence/presence.ts';
import { PresenceRecorder } from '../../../hub/telemetry/recorders/presence-recorder.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { ScriptedStore } from '../../helpers/hubs/scripted-store.ts';
import { silentLog } from '../../helpers/silent-log.ts';
import { testPipeline } from '../../helpers/hubs/pipeline.ts';

function startRecorder(t: TestContext, ofIncident: { state: PresenceState; explained: boolean }) {
  const store = new ScriptedStore();
  const clock = new ManualClock();
  const { ledger, writer, close } = testPipeline({ store, clock, log: silentLog });
  t.after(close);
  const recorder = new PresenceRecorder({
    writer,
    ledger,
    clock,
    recordOf: (id) => ({
      id,
      type: 'sensor@1',
      site: 'lab',
      credentials: [],
      createdMs: 0,
      disabled: false,
      epoch: 0,
    }),
    presence: (id) => (id === 'gone' ? undefined : { ...neverSeen(0), state: ofIncident.state }),
    explained: () => ofIncident.explained,
  });
  return { recorder, store, writer };
}

test('devices of an incident are written again, marked as explained while they are away', async (t) => {
  const now = { state: 'offline' as PresenceState, explained: true };
  const { recorder, store, writer } = startRecorder(t, now);
  const incident = {} as Incident;
  recorder.incidentChanged(incident, ['d1', 'gone']);
  now.state = 'online';
  recorder.incidentChanged(incident, ['d2']);
  assert.equal(await writer.drain(1_000), 0);
  const marks = [...store.stored].map((line) =>
    /device=(\w+).*explained=(\w)/.exec(line)?.slice(1).join(' '),
  );
  assert.deepEqual(marks, ['d1 t', 'd2 f']);
});

test('changes of a device within a millisecond are points of their own, in order, and others keep their time', async (t) => {
  const { recorder, store, writer } = startRecorder(t, { state: 'unknown', explained: false });
  const record = (id: string, timeMs: number, n: number): void =>
    recorder.record(id, { ...neverSeen(0), n }, timeMs);
  record('d1', 5_000, 1);
  record('d1', 5_000, 2);
  record('d2', 5_000, 1);
  recorder.snapshot([['d1', { ...neverSeen(0), n: 3 }]], 5_000);
  record('d1', 4_999.9, 4);
  record('d1', 5_001, 5);
  // The clock was set back by an hour: the points are where they belong, not at the end of the old time.
  record('d1', 5_000 - 3_600_000 + 10_000_000, 6);
  record('d1', 5_001, 7);
  assert.equal(await writer.drain(1_000), 0);
  const times = [...store.stored].map((line) => {
    const [, device, n, timeUs] =
      /device=(\w+).* n=(\d+)i? (?:.* )?(\d+)$/.exec(line.replaceAll(',', ' ')) ?? [];
    return `${device} ${n} ${timeUs}`;
  });
  assert.deepEqual(times, [
    'd1 1 5000000',
    'd1 2 5000001',
    'd2 1 5000000',
    'd1 3 5000002',
    'd1 4 5000003',
    'd1 5 5001000',
    'd1 6 6405000000',
    'd1 7 5001000',
  ]);
});
