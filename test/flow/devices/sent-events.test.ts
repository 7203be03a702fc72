import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isoTime } from '../../../schemas/iso-time.ts';
import { openRaw } from '../../helpers/devices/raw-device.ts';
import { startInProcessHub } from '../../helpers/hubs/in-process-hub.ts';
import { runHub } from '../../helpers/services/process.ts';

test('events of a device are read back with name, severity and data, those of its own and of the range alone', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['v-1', 'v-2'], 'smart-valve@1');
  const ts = Date.now();
  for (const id of ['v-1', 'v-2']) {
    const device = await openRaw(hub.device(id), { deviceType: 'smart-valve@1' });
    t.after(() => device.close());
    const event = { type: 'event', name: 'leak' } as const;
    device.send({ ...event, seq: 1, ts: ts - 2_000, severity: 'warning', data: { rate: 1.5 } });
    device.send({ ...event, seq: 2, ts: ts - 1_000, severity: 'critical', data: { rate: 3.5 } });
    device.send({ ...event, seq: 3, ts, severity: 'critical', data: { rate: 4 } });
    await device.next('ack', (frame) => 'upTo' in frame && frame.upTo === 3);
  }
  const read = async (query: { fromMs?: number; toMs: number; limit: number; take?: 'first' | 'last' }) =>
    (await hub.ask('GET /api/v1/devices/{id}/events', { params: { id: 'v-1' }, query })).events;
  const all = [
    { timeMs: ts - 2_000, name: 'leak', severity: 'warning', data: { rate: 1.5 } },
    { timeMs: ts - 1_000, name: 'leak', severity: 'critical', data: { rate: 3.5 } },
    { timeMs: ts, name: 'leak', severity: 'critical', data: { rate: 4 } },
  ];
  assert.deepEqual(await read({ toMs: ts + 1, limit: 10 }), all);
  assert.deepEqual(await read({ fromMs: ts - 1_000, toMs: ts, limit: 10 }), all.slice(1, 2));
  assert.deepEqual(await read({ toMs: ts + 1, limit: 2 }), all.slice(1));
  assert.deepEqual(await read({ toMs: ts + 1, limit: 2, take: 'first' }), all.slice(0, 2));
});

test('the command line shows the newest events, those of a range, and each as JSON', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['v-1'], 'smart-valve@1');
  const device = await openRaw(hub.device('v-1'), { deviceType: 'smart-valve@1' });
  t.after(() => device.close());
  const day = new Date(Date.now()).setUTCHours(0, 0, 0, 0);
  const [date, eve] = [day, day - 1_000].map((ms) => isoTime(ms).slice(0, 10)) as [string, string];
  const event = { type: 'event', name: 'leak' } as const;
  device.send({ ...event, seq: 1, ts: day - 1_000, severity: 'warning', data: { rate: 1.5 } });
  device.send({ ...event, seq: 2, ts: day, severity: 'critical', data: { rate: 3.5 } });
  await device.next('ack', (frame) => 'upTo' in frame && frame.upTo === 2);
  const { dataDir } = hub;
  const all = await runHub(['device', 'events', 'v-1'], { dataDir });
  assert.deepEqual(all.stdout.trimEnd().split('\n'), [
    `${eve}T23:59:59.000Z warning  leak {"rate":1.5}`,
    `${date}T00:00:00.000Z critical leak {"rate":3.5}`,
  ]);
  const before = await runHub(['device', 'events', 'v-1', '--to', date, '--json'], { dataDir });
  const first = { timeMs: day - 1_000, name: 'leak', severity: 'warning', data: { rate: 1.5 } };
  assert.deepEqual(JSON.parse(before.stdout), first);
  const unknown = await runHub(['device', 'events', 'v-9'], { dataDir });
  assert.match(unknown.stderr, /v-9/);
  assert.equal(unknown.code, 1);
});
