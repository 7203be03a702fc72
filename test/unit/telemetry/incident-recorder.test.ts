import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IncidentRecorder } from '../../../hub/telemetry/recorders/incident-recorder.ts';
import type { Incident } from '../../../schemas/api/incidents.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { ScriptedStore } from '../../helpers/hubs/scripted-store.ts';
import { silentLog } from '../../helpers/silent-log.ts';
import { testPipeline } from '../../helpers/hubs/pipeline.ts';

test('an incident that turns out to be about more ends under its old name, and no line carries what a device put there', async (t) => {
  const store = new ScriptedStore();
  const clock = new ManualClock();
  const { ledger, writer, close } = testPipeline({ store, clock, log: silentLog });
  t.after(close);
  const recorder = new IncidentRecorder({ clock, writer, ledger });
  const incident: Incident = {
    id: 'i-1',
    kind: 'correlated-loss',
    state: 'open',
    sinceMs: 0,
    scope: { by: 'firmware', value: '1.0\n2' },
    devices: 12,
    of: 20,
    sample: ['d1'],
  };
  recorder.incidentChanged(incident);
  recorder.incidentChanged({ ...incident, scope: { by: 'site', value: 'east' }, devices: 30 });
  recorder.incidentChanged({ ...incident, scope: { by: 'site', value: 'east' }, state: 'closed' });
  recorder.incidentChanged({ ...incident, kind: 'flapping', scope: undefined } as unknown as Incident);
  assert.equal(await writer.drain(1_000), 0);
  assert.deepEqual(
    [...store.stored].map((line) => / ?(?<series>.+?[^\\]) open=(?<open>\d)i/.exec(line)?.slice(1).join(' ')),
    [
      String.raw`incident,kind=correlated-loss,subject=firmware\ 1.0\ 2 1`,
      String.raw`incident,kind=correlated-loss,subject=firmware\ 1.0\ 2 0`,
      String.raw`incident,kind=correlated-loss,subject=site\ east 1`,
      String.raw`incident,kind=correlated-loss,subject=site\ east 0`,
      'incident,kind=flapping,subject=d1 1',
    ],
  );
});
