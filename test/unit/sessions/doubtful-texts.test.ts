import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startSessions } from '../../helpers/hubs/session-fixture.ts';
import { startMs } from '../../helpers/start-time.ts';

/** What a device sends and the hub could not keep as it was sent is refused by name, in every frame. */

const half = '\\ud800';
const unicode = { keyword: 'unicode', expected: 'a text without half a surrogate pair' };
const twice = { keyword: 'name', expected: 'given once', got: 'given twice' };

test('a reading with a name twice, or with half a surrogate pair, is refused by its field', async (t) => {
  const { open, store, pass } = await startSessions(t);
  const { session, socket } = await open();
  const reading = (seq: number, data: string): void =>
    session.text(`{"type":"telemetry","seq":${seq},"stream":"env","ts":${startMs},"data":${data}}`);
  reading(1, '{"temperature":1,"temperature":2}');
  reading(2, `{"temperature":1,"note":"a${half}"}`);
  reading(3, '{"temperature":3,"note":"\\ud83d\\ude00"}');
  assert.deepEqual(
    socket.of('nack').map(({ seq, code, errors }) => ({ seq, code, errors })),
    [
      { seq: 1, code: 'schema', errors: [{ path: '/temperature', ...twice }] },
      { seq: 2, code: 'schema', errors: [{ path: '/note', got: '"a\\ud800"', ...unicode }] },
    ],
  );
  await pass(1_000);
  assert.equal(socket.answers.at(-1), 'ack 3');
  assert.deepEqual(store.writes.flat(), [
    `sensor_env,device=d1,site=lab,type=sensor temperature=3,note="\u{1f600}" ${startMs * 1000}`,
  ]);
});

test('of a batch only the spoilt samples are refused, however many', async (t) => {
  const { open, store, pass } = await startSessions(t);
  const { session, socket } = await open();
  const samples = Array.from({ length: 100 }, (_, at) => {
    const data = at % 3 === 0 ? '{"temperature":1,"temperature":2}' : `{"temperature":1,"note":"x"}`;
    return `{"ts":${startMs + at},"data":${at === 1 ? data.replace('x', half) : data}}`;
  });
  session.text(`{"type":"telemetry","seq":1,"stream":"env","samples":[${samples.join(',')}]}`);
  const [nack] = socket.of('nack');
  const spoilt = samples.flatMap((_, at) => (at % 3 === 0 || at === 1 ? [at] : []));
  assert.deepEqual(nack?.['rejectedSamples'], spoilt);
  assert.deepEqual(nack?.['errors'], [{ path: '/temperature', ...twice }]);
  await pass(1_000);
  assert.equal(store.writes.flat().length, 100 - spoilt.length);
});

test('the envelope and the frame are judged likewise, and the nack says that it is about the frame', async (t) => {
  const { open, store, pass } = await startSessions(t);
  const { session, socket } = await open();
  session.text(`{"type":"telemetry","seq":1,"stream":"env","ts":1,"ts":${startMs},"data":{"temperature":1}}`);
  session.text(
    `{"type":"event","seq":2,"name":"leak","severity":"info","ts":${startMs},"data":{"note":"${half}"}}`,
  );
  session.text(
    `{"type":"event","seq":3,"name":"leak","severity":"info","severity":"critical","ts":${startMs}}`,
  );
  assert.deepEqual(
    socket.of('nack').map(({ seq, errors }) => [seq, errors]),
    [
      [1, [{ path: '/ts', ...twice, in: 'frame' }]],
      [2, [{ path: '/note', got: '"\\ud800"', ...unicode }]],
      [3, [{ path: '/severity', ...twice, in: 'frame' }]],
    ],
  );
  await pass(1_000);
  assert.deepEqual(store.writes, []);
});

test('a progress, a heartbeat, the status of a result that does not mean one thing alone reaches nobody', async (t) => {
  const { open, commands } = await startSessions(t);
  const { session, socket } = await open();
  const before = commands.calls.length;
  session.text('{"type":"result","re":"c1","status":"succeeded","status":"failed"}');
  session.text(`{"type":"progress","re":"c1","note":"${half}"}`);
  session.text('{"type":"received","re":"c1","re":"c2"}');
  session.text('{"type":"heartbeat","t1":1,"t1":2}');
  assert.equal(commands.calls.length, before);
  assert.deepEqual(
    socket.of('nack').map(({ re, code, errors }) => [re, code, (errors as { path: string }[])[0]?.path]),
    [
      ['c1', 'schema', '/status'],
      ['c1', 'schema', '/note'],
      ['c2', 'schema', '/re'],
      [undefined, 'schema', '/t1'],
    ],
  );
  assert.deepEqual(socket.of('heartbeat'), []);
});

test('a result whose output or error does not mean one thing alone ends its command all the same, without it', async (t) => {
  const { open, commands } = await startSessions(t);
  const { session, socket } = await open();
  session.text('{"type":"result","re":"c1","status":"succeeded","output":{"percent":10,"percent":90}}');
  session.text(`{"type":"result","re":"c2","status":"failed","error":"${half}"}`);
  assert.deepEqual(commands.calls.slice(-2), ['result 1 c1 succeeded', 'result 1 c2 failed']);
  assert.deepEqual(socket.of('nack'), []);
});

test('a hello opens no session with such a text', async (t) => {
  const { connect } = await startSessions(t);
  for (const member of [`"boot":"${half}"`, `"boot":"b","firmware":"${half}"`, '"boot":"a","boot":"b"']) {
    const { session, socket } = connect();
    session.text(`{"type":"hello",${member},"deviceType":"sensor@1","t1":0}`);
    assert.deepEqual(
      socket.sent.map(({ type, code }) => [type, code]),
      [['nack', 'schema']],
      member,
    );
  }
});

test('a byte order mark is taken; a NUL after the frame is named', async (t) => {
  const { open, store, pass } = await startSessions(t);
  const { session, socket } = await open();
  const frame = `{"type":"telemetry","seq":1,"stream":"env","ts":${startMs},"data":{"temperature":1}}`;
  session.text(`${frame}\0`);
  assert.deepEqual(socket.of('nack')[0]?.['errors'], [
    {
      path: '',
      keyword: 'json',
      expected: 'a JSON object and nothing after it',
      got: 'followed by U+0000',
      in: 'frame',
    },
  ]);
  session.text(`\ufeff${frame}`);
  await pass(1_000);
  assert.equal(store.stored.size, 1);
});
