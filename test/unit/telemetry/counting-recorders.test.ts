import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { firmwareOfDevices } from '../../../hub/telemetry/recorders/firmware-of-devices.ts';
import { neverSeen } from '../../../hub/presence/presence.ts';
import { FirmwareRecorder } from '../../../hub/telemetry/recorders/firmware-recorder.ts';
import { RefusedRecorder } from '../../../hub/telemetry/recorders/refused-recorder.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { testPipeline } from '../../helpers/hubs/pipeline.ts';
import { ScriptedStore } from '../../helpers/hubs/scripted-store.ts';
import { storedDevice } from '../../helpers/stores/stored-device.ts';
import { silentLog } from '../../helpers/silent-log.ts';

/** A pipeline, and the lines without their times that the store has by now. */
function newPipeline(t: TestContext) {
  const store = new ScriptedStore();
  const clock = new ManualClock();
  const pipeline = testPipeline({ store, clock, log: silentLog });
  t.after(pipeline.close);
  const { writer, ledger } = pipeline;
  const lines = async (): Promise<string[]> => {
    assert.equal(await writer.drain(1_000), 0);
    return [...store.stored].map((line) => line.replace(/ \d+$/u, '')).toSorted();
  };
  return { deps: { clock, writer, ledger, hubId: 'h' }, clock, lines };
}

test('devices are counted by type, site and firmware, and versions beyond a bound together', async (t) => {
  const { deps, lines } = newPipeline(t);
  const common = { type: 'env-sensor', site: 'north' };
  const invented = Array.from({ length: 60 }, (_, n) => ({ ...common, firmware: `odd-${n}` }));
  const devices = [
    { ...common, firmware: '1.0' },
    { ...common, firmware: '1.0' },
    { ...common, firmware: 'a\nb' },
    { ...common, firmware: 'a\nb' },
    { ...common, site: 'south', firmware: '1.0' },
    ...invented,
  ];
  new FirmwareRecorder({ ...deps, devices: () => devices }).snapshot(1_000);
  const written = await lines();
  const of = (site: string, version: string): string =>
    `firmware,hub=h,site=${site},type=env-sensor,version=${version} devices=`;
  assert.ok(written.includes(`${of('north', '1.0')}2i`));
  assert.ok(written.includes(`${of('north', String.raw`a\ b`)}2i`));
  assert.ok(written.includes(`${of('south', '1.0')}1i`));
  assert.ok(written.includes(`${of('north', '(other)')}12i`));
  assert.equal(written.length, 52);
});

test('refused frames are counted by field and rule every ten seconds, and nothing is written when there were none', async (t) => {
  const { deps, clock, lines } = newPipeline(t);
  const recorder = new RefusedRecorder(deps);
  recorder.start();
  const refused = { type: 'env-sensor@1', stream: 'env', field: '/temperature', rule: 'maximum' };
  recorder.note(refused);
  recorder.note({ ...refused, type: 'env-sensor@2' });
  recorder.note({ ...refused, stream: '', field: '/a b' });
  clock.advance(10_000);
  const first = [
    String.raw`refused,field=/a\ b,hub=h,rule=maximum,stream=-,type=env-sensor frames=1i`,
    'refused,field=/temperature,hub=h,rule=maximum,stream=env,type=env-sensor frames=2i',
  ];
  assert.deepEqual(await lines(), first);
  clock.advance(60_000);
  assert.deepEqual(await lines(), first);
  recorder.note({ ...refused, rule: 'type' });
  recorder.close();
  const last = 'refused,field=/temperature,hub=h,rule=type,stream=env,type=env-sensor frames=1i';
  assert.deepEqual(await lines(), [...first, last].toSorted());
});

test('the firmware of a device is what it ran last, wherever it is now, and none when it never said', () => {
  const sessions: Readonly<Record<string, string | undefined>> = {
    a: '1.0',
    b: undefined,
    c: '2.0',
    gone: '3',
  };
  const registry = {
    get: (id: string) => (id === 'gone' ? undefined : storedDevice(id, { type: 'env-sensor@1' })),
  };
  const keeper = {
    all: () => Object.keys(sessions).map((id) => [id, neverSeen(0)] as const),
    session: (id: string) => ({ session: { firmware: sessions[id] } }),
  };
  const found = firmwareOfDevices(registry, keeper as never);
  assert.deepEqual(
    [...found].map(({ type, firmware }) => [type, firmware]),
    [
      ['env-sensor', '1.0'],
      ['env-sensor', '2.0'],
    ],
  );
});
