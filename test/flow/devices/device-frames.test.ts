import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import type { FrameRow } from '../../../schemas/api/frames/frames.ts';
import { connectLive } from '../../helpers/devices/live-client.ts';
import { openRaw } from '../../helpers/devices/raw-device.ts';
import { startInProcessHub, type InProcessHub } from '../../helpers/hubs/in-process-hub.ts';
import { withToken } from '../../helpers/hubs/operators.ts';
import { spawnGuarded } from '../../helpers/services/guard.ts';
import { runHub } from '../../helpers/services/process.ts';
import { waitFor } from '../../helpers/wait-for.ts';

/** What a device sent and was sent, frame by frame, as operators see it. */

const framesOf = async (hub: InProcessHub, id = 'd-1'): Promise<readonly FrameRow[]> =>
  (await hub.ask('GET /api/v1/devices/{id}/frames', { params: { id } })).frames;

test('what a device sent before it fell silent is there after its link is gone, with what was refused', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-1']);
  const device = await openRaw(hub.device('d-1'));
  const ts = Date.now();
  device.send({ type: 'telemetry', seq: 1, ts, stream: 'env', data: { temperature: 21, humidity: 40 } });
  device.send({ type: 'telemetry', seq: 2, ts, stream: 'env', data: { temperature: 900 } });
  await device.next('ack', (frame) => 'upTo' in frame && frame.upTo === 2);
  device.close();
  await waitFor(async () => (await framesOf(hub)).at(-1)?.kind === 'closed', { what: 'its end is noted' });
  const rows = await framesOf(hub);
  assert.deepEqual(
    rows.map(({ way, type, kind }) => `${way} ${type ?? kind}`),
    [
      'in connected',
      'in hello',
      'out welcome',
      'in telemetry',
      'in telemetry',
      'out nack',
      'out ack',
      'in closed',
    ],
  );
  const [, , , good, bad, nack] = rows;
  assert.equal(good?.nacks, undefined);
  assert.match(bad?.nacks?.[0]?.message ?? '', /\/temperature must be <= 125; it is 900/);
  assert.equal(nack?.answers, bad?.n);
  assert.equal(bad?.bytes, Buffer.byteLength(bad?.text ?? ''));
  assert.match(rows.at(-1)?.text ?? '', /^link 1006/);
});

test('a new secret is not among the frames', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-1']);
  const device = await openRaw(hub.device('d-1'));
  t.after(() => device.close());
  await hub.ask('POST /api/v1/rotations', { body: { ids: ['d-1'] } });
  const { secret } = await device.next('credential');
  const row = (await framesOf(hub)).find(({ type }) => type === 'credential');
  assert.match(row?.text ?? '', /"secret":"\(hidden\)"/);
  assert.ok(!JSON.stringify(await framesOf(hub)).includes(secret));
});

test('whoever may see the device may see its frames, and the audit says who looked, by either way', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-1'], 'env-sensor@1', 'north');
  await hub.add(['d-2'], 'env-sensor@1', 'south');
  const device = await openRaw(hub.device('d-1'));
  t.after(() => device.close());
  const viewer = await withToken(hub, 'north', { role: 'viewer', devices: 'site=north' });
  const seen = await viewer.ask('GET', '/devices/d-1/frames');
  assert.equal(seen.status, 200);
  assert.equal((await viewer.ask('GET', '/devices/d-2/frames')).status, 403);
  const live = await connectLive(hub.hub.adminUrl, viewer.headers);
  t.after(() => live.ws.close());
  live.watch('frames:d-1', 'frames:d-2');
  const first = await live.next('frames');
  assert.deepEqual(first.frames[1]?.type, 'hello');
  await live.next('gone', ({ id }) => id === 'd-2');
  device.send({ type: 'heartbeat', t1: 5 });
  const next = await live.next('frames', ({ frames }) => frames.some(({ type }) => type === 'heartbeat'));
  assert.equal(next.frames[0]?.n, (first.frames.at(-1)?.n ?? 0) + 1);
  const { entries } = await hub.ask('GET /api/v1/audit', { query: { action: 'device.tap' } });
  assert.deepEqual(
    entries.map(({ actor, subject, outcome }) => [actor, subject, outcome]),
    [['token:north', 'd-1', 'done']],
  );
});

test('the command line shows the last frames and those that come, and no terminal obeys them', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-1', 'd-2']);
  const device = await openRaw(hub.device('d-1'));
  t.after(() => device.close());
  device.sendText('{"type":"log\u202E!"}');
  await device.next('nack');
  const { dataDir } = hub;
  const kept = await runHub(['device', 'tap', 'd-1', '--for', '0s'], { dataDir });
  assert.equal(kept.code, 0, kept.stderr);
  const lines = kept.stdout.trimEnd().split('\n');
  assert.match(lines[0] ?? '', /Z connected 127\.0\.0\.1$/);
  assert.match(
    kept.stdout,
    /Z in {5}18 \{"type":"log\\u202e!"\}\n {4}refused, for good: unsupported: \/type/,
  );
  const main = fileURLToPath(new URL('../../../hub/main.ts', import.meta.url));
  const args = [main, 'device', 'tap', 'd-1', '--last', '0', '--for', '1h', '--json'];
  const child = await spawnGuarded(process.execPath, args, { ...process.env, HUB_DATA_DIR: dataDir });
  t.after(() => child.end('SIGKILL'));
  let shown = '';
  child.process.stdout?.on('data', (text: string) => (shown += text));
  let t1 = 0;
  // From when on it watches is not said: it is given something to see until it has seen it.
  const beats = setInterval(() => device.send({ type: 'heartbeat', t1: (t1 += 1) }), 100);
  t.after(() => clearInterval(beats));
  await waitFor(() => shown.split('\n').length > 4, {
    what: 'frames on the command line',
    timeoutMs: 20_000,
  });
  const rows = shown
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as FrameRow);
  for (const [at, { n, type }] of rows.entries()) {
    assert.equal(n, (rows[0]?.n ?? 0) + at);
    assert.equal(type, 'heartbeat');
  }
  const never = await runHub(['device', 'tap', 'd-2', '--for', '0s'], { dataDir });
  assert.deepEqual([never.code, never.stdout], [0, '']);
  assert.match(never.stderr, /d-2 has not connected since the hub started/);
  const unknown = await runHub(['device', 'tap', 'd-9'], { dataDir });
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, /d-9/);
  const wrong = await runHub(['device', 'tap', 'd-1', '--for', 'ever'], { dataDir });
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /for example 90s, 5m or 1h/);
});
