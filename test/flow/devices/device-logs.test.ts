import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openRaw, type RawDevice } from '../../helpers/devices/raw-device.ts';
import { startInProcessHub, type InProcessHub } from '../../helpers/hubs/in-process-hub.ts';
import { spawnGuarded } from '../../helpers/services/guard.ts';
import { runHub } from '../../helpers/services/process.ts';
import { waitFor } from '../../helpers/wait-for.ts';

/** Lines of a device's log: taken, kept apart, limited, and read by operators. */

const logsOf = async (hub: InProcessHub, id = 'd-1') => {
  const query = { toMs: Date.now() + 60_000, take: 'last' as const, limit: 100, fromMs: 0 };
  return (await hub.ask('GET /api/v1/devices/{id}/logs', { params: { id }, query })).lines;
};

const acked = (device: RawDevice, upTo: number): Promise<unknown> =>
  device.next('ack', (frame) => 'upTo' in frame && (frame.upTo ?? 0) >= upTo);

test('lines of one millisecond are all kept, and one that is sent twice is kept once', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-1']);
  const device = await openRaw(hub.device('d-1'), { deviceType: 'env-sensor@1' });
  t.after(() => device.close());
  const ts = Date.now();
  const said = ['starting', 'sensor found', 'a "quoted" line, with = and \\', 'sensor found'];
  for (const [index, msg] of said.entries())
    device.send({ type: 'log', seq: index + 1, ts, level: 'info', msg, tag: 'boot' });
  await acked(device, said.length);
  const lines = await logsOf(hub);
  assert.deepEqual(lines.map(({ msg }) => msg).toSorted(), [...new Set(said)].toSorted());
  for (const { level, tag, timeMs } of lines)
    assert.deepEqual([level, tag, Math.floor(timeMs)], ['info', 'boot', ts]);
});

test('a chatty log is nacked with the time to wait, and its session and its readings go on', async (t) => {
  const hub = await startInProcessHub(t, { HUB_LOGS_PER_SEC: '2' });
  await hub.add(['d-1']);
  const device = await openRaw(hub.device('d-1'), { deviceType: 'env-sensor@1' });
  t.after(() => device.close());
  const ts = Date.now();
  for (let seq = 1; seq <= 50; seq += 1)
    device.send({ type: 'log', seq, ts: ts + seq, level: 'debug', msg: `line ${seq}` });
  const data = { temperature: 21, humidity: 40, battery: 3.7, rssi: -60 };
  device.send({ type: 'telemetry', seq: 51, stream: 'env', ts, data });
  const nack = await device.next('nack', ({ seq }) => seq === 50);
  assert.equal(nack.code, 'rate');
  assert.ok((nack.retryAfterMs ?? 0) > 0 && (nack.retryAfterMs ?? 0) <= 500, `${nack.retryAfterMs}`);
  await acked(device, 51);
  assert.ok(!device.frames.some((frame) => frame.type === 'nack' && frame.seq === 51));
  const kept = (await logsOf(hub)).length;
  assert.ok(kept >= 2 && kept <= 4, `${kept} lines kept`);
});

test('a type without logs takes none, and says so', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-1'], 'smart-valve@1');
  const device = await openRaw(hub.device('d-1'), { deviceType: 'smart-valve@1' });
  t.after(() => device.close());
  device.send({ type: 'log', seq: 1, ts: Date.now(), level: 'error', msg: 'stuck' });
  const { code, errors } = await device.next('nack');
  assert.equal(code, 'unknown-stream');
  assert.match(errors?.[0]?.expected ?? '', /smart-valve@1 takes; its `logs` is not true/);
});

test('the command line shows the newest lines, as text and as JSON, and no terminal obeys them', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-1']);
  const device = await openRaw(hub.device('d-1'), { deviceType: 'env-sensor@1' });
  t.after(() => device.close());
  const ts = Date.now();
  device.send({ type: 'log', seq: 1, ts, level: 'warning', msg: 'late \u202E!', tag: 'i2c' });
  device.send({ type: 'log', seq: 2, ts: ts + 1, level: 'error', msg: 'gone' });
  await acked(device, 2);
  const { dataDir } = hub;
  const text = await runHub(['device', 'logs', 'd-1'], { dataDir });
  const [first = '', second = ''] = text.stdout.trimEnd().split('\n');
  assert.match(first, /Z warning i2c: late \\u202e!$/);
  assert.match(second, /Z error {3}gone$/);
  const json = await runHub(['device', 'logs', 'd-1', '--last', '1', '--json'], { dataDir });
  const { timeMs, ...line } = JSON.parse(json.stdout) as { timeMs: number };
  assert.deepEqual([Math.floor(timeMs), line], [ts + 1, { level: 'error', msg: 'gone' }]);
  const unknown = await runHub(['device', 'logs', 'd-9'], { dataDir });
  assert.match(unknown.stderr, /d-9/);
  assert.equal(unknown.code, 1);
});

test('the command line follows a log: each line once, as it comes', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-1']);
  const device = await openRaw(hub.device('d-1'), { deviceType: 'env-sensor@1' });
  t.after(() => device.close());
  const ts = Date.now();
  device.send({ type: 'log', seq: 1, ts, level: 'info', msg: 'first' });
  await acked(device, 1);
  const main = fileURLToPath(new URL('../../../hub/main.ts', import.meta.url));
  const args = [main, 'device', 'logs', 'd-1', '--follow', '--json'];
  const child = await spawnGuarded(process.execPath, args, { ...process.env, HUB_DATA_DIR: hub.dataDir });
  t.after(() => child.end('SIGKILL'));
  let shown = '';
  child.process.stdout?.on('data', (text: string) => (shown += text));
  const messages = (): string[] => [...shown.matchAll(/"msg":"([a-z]+)"/g)].map(([, msg = '']) => msg);
  await waitFor(() => messages().length === 1, { what: 'the first line', timeoutMs: 20_000 });
  device.send({ type: 'log', seq: 2, ts: ts + 1, level: 'info', msg: 'second' });
  device.send({ type: 'log', seq: 3, ts: ts + 2, level: 'info', msg: 'third' });
  await waitFor(() => messages().includes('third'), { what: 'the other lines', timeoutMs: 20_000 });
  assert.deepEqual(messages(), ['first', 'second', 'third']);
});
