import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { RecordingFault } from '../../../device-sim/replay/recording-fault.ts';
import {
  openRecording,
  type RecordedRow,
  type RecordingOptions,
} from '../../../device-sim/replay/recording.ts';
import { conversionOf } from '../../../device-sim/device/units.ts';
import { Zone } from '../../../device-sim/replay/zone.ts';
import { loadDeviceTypes, type StreamType } from '../../../schemas/index.ts';
import { temporaryFolder } from '../../helpers/services/guard.ts';

const types = await loadDeviceTypes('schemas/device-types');

function streamOf(type: string, name: string): StreamType {
  const stream = types.get(type)?.streams.get(name);
  assert.ok(stream !== undefined);
  return stream;
}

const env = streamOf('env-sensor@1', 'env');
const traffic = streamOf('traffic-detector@1', 'traffic');

function fileWith(t: TestContext, content: string): string {
  const folder = temporaryFolder('recording');
  t.after(() => folder.remove());
  const file = join(folder.path, 'recording.csv');
  writeFileSync(file, content);
  return file;
}

async function read(t: TestContext, content: string, stream = env, options: Partial<RecordingOptions> = {}) {
  const file = fileWith(t, content);
  const request = { file, zone: new Zone('UTC'), columns: new Map(), conversions: new Map(), ...options };
  const recording = await openRecording(request, stream);
  const rows: RecordedRow[] = [];
  for await (const row of recording.rows()) rows.push(row);
  return {
    recording,
    rows,
    readings: rows.flatMap(({ reading }) => (reading === undefined ? [] : [reading])),
  };
}

const faultsOf = (rows: readonly RecordedRow[]) =>
  rows.flatMap(({ faults }) => faults.map(({ line, column, reason }) => `${line} ${column}: ${reason}`));

test('a single column of another name becomes the required field of the stream', async (t) => {
  const { recording, readings } = await read(
    t,
    'timestamp,value\n2013-07-04 00:00:00,20.5\n2013-07-04 01:00:00,21\n',
  );
  assert.deepEqual(
    recording.columns.map(({ name, field }) => [name, field]),
    [['value', 'temperature']],
  );
  assert.deepEqual(readings, [
    { ts: Date.UTC(2013, 6, 4, 0), data: { temperature: 20.5 } },
    { ts: Date.UTC(2013, 6, 4, 1), data: { temperature: 21 } },
  ]);
});

test('columns named like fields are those fields, and others are left alone', async (t) => {
  const { readings } = await read(t, 'note,Time,Humidity,temperature\nx,2024-01-01,40,20\n');
  assert.deepEqual(readings, [{ ts: Date.UTC(2024, 0, 1), data: { humidity: 40, temperature: 20 } }]);
});

test('where more than one field could be meant the caller is asked', async (t) => {
  await assert.rejects(read(t, 'timestamp,value\n2024-01-01,1\n', traffic), {
    name: 'RecordingFault',
    message: /--column COLUMN=FIELD to say .*; columns: value; fields: speed, occupancy/,
  });
});

test('a unit is converted by its formula', async (t) => {
  const fahrenheit = conversionOf('degF:Cel');
  assert.ok(fahrenheit !== undefined);
  const { readings } = await read(t, 'timestamp,value\n2024-01-01,212\n2024-01-02,69.88083514\n', env, {
    columns: new Map([['value', 'temperature']]),
    conversions: new Map([['temperature', fahrenheit]]),
  });
  assert.deepEqual(
    readings.map(({ data }) => data['temperature']),
    [100, ((69.88083514 - 32) * 5) / 9],
  );
});

test('empty, unreadable and missing cells are named by line and column, and the rest of the row is sent', async (t) => {
  const content = [
    'timestamp,temperature,humidity',
    '2024-01-01 00:00:00,20,40',
    '2024-01-01 01:00:00,,41',
    '2024-01-01 02:00:00,n/a,',
    '2024-01-01 03:00:00,Infinity,0x1F',
    '2024-01-01 04:00:00,22',
    'soon,20,40',
    ',20,40',
    '',
  ].join('\r\n');
  const { rows, readings } = await read(t, content);
  assert.deepEqual(faultsOf(rows), [
    '3 temperature: empty',
    '4 temperature: not a number',
    '4 humidity: empty',
    '5 temperature: not a number',
    '5 humidity: not a number',
    '6 humidity: the row is too short',
    '7 timestamp: not a time',
    '8 timestamp: no time',
  ]);
  assert.deepEqual(
    readings.map(({ data }) => data),
    [{ temperature: 20, humidity: 40 }, { humidity: 41 }, { temperature: 22 }],
  );
});

test('a quote that is never closed costs its own line, not the rest of the file', async (t) => {
  const rest = Array.from(
    { length: 50 },
    (_, day) => new Date(Date.UTC(2024, 1, 1 + day)).toISOString() + ',3',
  );
  const content = [
    'timestamp,value',
    '2024-01-01,1',
    '"2024-01-02,2',
    '"2024"x,2',
    ...rest,
    '"2024-05-01,9',
  ].join('\n');
  const { rows, readings } = await read(t, content);
  assert.equal(readings.length, 51);
  const quote = 'the row cannot be parsed: a quote is not closed, or is in the wrong place';
  assert.deepEqual(faultsOf(rows), [`3 : ${quote}`, `4 : ${quote}`, `55 : ${quote}`]);
  assert.deepEqual(
    rows.map(({ line }) => line),
    Array.from({ length: 54 }, (_, index) => index + 2),
  );
});

test('a cell may have line breaks between its quotes', async (t) => {
  const { rows } = await read(t, 'timestamp,note,temperature\n2024-01-01,"a\nb, ""c""",20\n2024-01-02,,21\n');
  assert.deepEqual(
    rows.map(({ line, reading }) => [line, reading?.data]),
    [
      [2, { temperature: 20 }],
      [4, { temperature: 21 }],
    ],
  );
});

test('quotes, a byte order mark and another delimiter are read', async (t) => {
  const content = '\uFEFFtimestamp;temperature\n"2024-01-01 00:00:00";"20.5"\n';
  const { readings } = await read(t, content, env, { delimiter: ';' });
  assert.deepEqual(readings, [{ ts: Date.UTC(2024, 0, 1), data: { temperature: 20.5 } }]);
});

test('an hourly recording keeps both hours when the clocks go back, and loses the one that never was', async (t) => {
  const zone = new Zone('Europe/Berlin');
  const autumn = ['01:00', '02:00', '02:00', '03:00'].map((time) => `2024-10-27 ${time},1`);
  const { rows, readings } = await read(t, ['timestamp,value', ...autumn].join('\n'), env, { zone });
  assert.deepEqual(
    readings.map(({ ts }) => new Date(ts).toISOString().slice(11, 16)),
    ['23:00', '00:00', '01:00', '02:00'],
  );
  assert.deepEqual(
    rows.map(({ twice }) => twice),
    [undefined, 'first', 'second', undefined],
  );
  const spring = await read(t, 'timestamp,value\n2024-03-31 02:30:00,1\n', env, { zone });
  assert.match(faultsOf(spring.rows)[0] ?? '', /^2 timestamp: does not exist in Europe\/Berlin/);
});

test('a missing file, a folder, an empty file and a missing column each say what is wrong', async (t) => {
  const request = { zone: new Zone('UTC'), columns: new Map(), conversions: new Map() };
  await assert.rejects(openRecording({ ...request, file: '/nowhere/x.csv' }, env), /cannot be read: ENOENT/);
  await assert.rejects(openRecording({ ...request, file: '.' }, env), /cannot be read: EISDIR/);
  await assert.rejects(read(t, ''), /is empty/);
  await assert.rejects(
    read(t, 'a,b\n', env, { timeColumn: 'when' }),
    /there is no time column when; the file has a, b/,
  );
  const columns = new Map([['c', 'temperature']]);
  await assert.rejects(
    read(t, 'a,b\n', env, { columns }),
    new RecordingFault('there is no column c; the file has a, b'),
  );
});
