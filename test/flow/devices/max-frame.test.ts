import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { openRaw, type RawDevice } from '../../helpers/devices/raw-device.ts';
import { startInProcessHub, type InProcessHub } from '../../helpers/hubs/in-process-hub.ts';
import { withToken } from '../../helpers/hubs/operators.ts';
import { temporaryFolder } from '../../helpers/services/guard.ts';

/** A device with a buffer of 512 bytes gets no frame that is longer, and whoever asks for one is told so. */

const maxFrame = 512;
const text = { type: 'string', maxLength: 1_000 };
const display = {
  name: 'display',
  version: 1,
  presence: { heartbeatSec: 30 },
  streams: {
    light: {
      type: 'object',
      properties: { lux: { type: 'number', minimum: 0, maximum: 100 } },
      required: ['lux'],
      additionalProperties: false,
    },
  },
  commands: {
    show: {
      safety: 'config',
      offline: 'queue',
      params: { type: 'object', properties: { text }, required: ['text'], additionalProperties: false },
    },
    plot: {
      safety: 'config',
      offline: 'queue',
      params: {
        type: 'object',
        properties: {
          rows: {
            type: 'array',
            maxItems: 500,
            items: { type: 'array', maxItems: 500, items: { type: 'number' } },
          },
        },
        required: ['rows'],
        additionalProperties: false,
      },
    },
  },
};

async function startHub(t: TestContext): Promise<InProcessHub> {
  const schemas = temporaryFolder('display-type');
  t.after(() => schemas.remove());
  writeFileSync(join(schemas.path, 'display@1.json'), JSON.stringify(display));
  const hub = await startInProcessHub(t, { HUB_SCHEMAS_DIR: schemas.path });
  await hub.add(['d-1'], 'display@1');
  return hub;
}

async function openDisplay(t: TestContext, hub: InProcessHub): Promise<RawDevice & { sizes: number[] }> {
  const device = await openRaw(hub.device('d-1'), { deviceType: 'display@1', maxFrame });
  t.after(() => device.close());
  const sizes: number[] = [];
  device.ws.on('message', (data: Buffer) => sizes.push(data.length));
  return { ...device, sizes };
}

const long = 'x'.repeat(600);

test('a command that is too long for the device is refused at its door, and one that fits is sent', async (t) => {
  const hub = await startHub(t);
  const device = await openDisplay(t, hub);
  const admin = await withToken(hub, 'admin', { role: 'admin' });
  const refused = await admin.ask('POST', '/devices/d-1/commands/show', {
    id: 'c-1',
    params: { text: long },
  });
  assert.equal(refused.status, 413, JSON.stringify(refused.body));
  assert.match(JSON.stringify(refused.body), /at most 512 bytes/);
  const taken = await admin.ask('POST', '/devices/d-1/commands/show', { id: 'c-2', params: { text: 'hi' } });
  assert.equal(taken.status, 202, JSON.stringify(taken.body));
  assert.equal((await device.next('command')).id, 'c-2');
  assert.ok(device.sizes.every((size) => size <= maxFrame));
});

test('a command that waited for the device and is too long for it ends rejected, and the next one is sent', async (t) => {
  const hub = await startHub(t);
  const admin = await withToken(hub, 'admin', { role: 'admin' });
  for (const [id, words] of [
    ['c-1', long],
    ['c-2', 'hi'],
  ]) {
    const asked = await admin.ask('POST', '/devices/d-1/commands/show', { id, params: { text: words } });
    assert.equal(asked.status, 202, JSON.stringify(asked.body));
  }
  const device = await openDisplay(t, hub);
  assert.equal((await device.next('command')).id, 'c-2');
  const { body } = await admin.ask('GET', '/devices/d-1/commands/c-1');
  assert.equal(body['status'], 'rejected');
  assert.equal(body['reason'], 'too-large');
});

test('numbers that are longer in CBOR than in JSON make no frame that is longer than one may be', async (t) => {
  const hub = await startHub(t);
  const device = await openRaw({ ...hub.device('d-1'), encoding: 'cbor' }, { deviceType: 'display@1' });
  t.after(() => device.close());
  const admin = await withToken(hub, 'admin', { role: 'admin' });
  // 40,000 characters of JSON, and 90,000 bytes.
  const params = { rows: Array.from({ length: 100 }, () => Array.from({ length: 100 }, () => 0.1)) };
  await admin.ask('POST', '/devices/d-1/commands/plot', { id: 'c-1', params });
  await admin.ask('POST', '/devices/d-1/commands/show', { id: 'c-2', params: { text: 'hi' } });
  assert.equal((await device.next('command')).id, 'c-2');
  const { body } = await admin.ask('GET', '/devices/d-1/commands/c-1');
  assert.deepEqual([body['status'], body['reason']], ['rejected', 'too-large']);
});

test('a notice that is too long is counted as too large, and a batch is refused in nacks that fit', async (t) => {
  const hub = await startHub(t);
  const device = await openDisplay(t, hub);
  const notice = await hub.ask('POST /api/v1/notices', { body: { to: 'all', topic: 'news', data: long } });
  assert.deepEqual(notice.report, { matched: 1, sent: 0, dropped: 0, offline: 0, tooLarge: 1 });
  const { report } = await hub.ask('POST /api/v1/notices', {
    body: { to: 'all', topic: 'news', data: 'hi' },
  });
  assert.equal(report?.sent, 1);
  const samples = Array.from({ length: 500 }, (_, n) => ({ up: n, data: { lux: n % 2 === 0 ? 200 : 10 } }));
  device.send({ type: 'telemetry', seq: 1, stream: 'light', samples });
  await device.next('ack', (ack) => 'upTo' in ack && ack.upTo === 1);
  const refused = device.frames.flatMap((frame) =>
    frame.type === 'nack' ? (frame.rejectedSamples ?? []) : [],
  );
  assert.deepEqual(
    refused,
    Array.from({ length: 250 }, (_, n) => 2 * n),
  );
  assert.ok(
    device.sizes.every((size) => size <= maxFrame),
    device.sizes.join(),
  );
});
