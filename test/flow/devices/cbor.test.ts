import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { CborFloat } from '../../../schemas/cbor/cbor-float.ts';
import { writeCbor } from '../../../schemas/cbor/cbor-writer.ts';
import { layoutOf } from '../../../schemas/cbor/type-layout.ts';
import type { DeviceTypeDefinition } from '../../../schemas/device-type-definition.ts';
import { openRaw } from '../../helpers/devices/raw-device.ts';
import { startInProcessHub, type InProcessHub } from '../../helpers/hubs/in-process-hub.ts';
import { withToken } from '../../helpers/hubs/operators.ts';
import { waitFor } from '../../helpers/wait-for.ts';

/** A device that speaks `hub.v1.cbor`, on a real socket. */

const layout = layoutOf(
  JSON.parse(
    readFileSync(new URL('../../../schemas/device-types/env-sensor@1.json', import.meta.url), 'utf8'),
  ) as DeviceTypeDefinition,
).fingerprint;

const cbor = (hub: InProcessHub, id: string) => ({ ...hub.device(id), encoding: 'cbor' as const });

const readingsOf = async (hub: InProcessHub, id: string) =>
  (
    await hub.ask('GET /api/v1/devices/{id}/readings/{stream}', {
      params: { id, stream: 'env' },
      query: { toMs: Date.now() + 60_000, limit: 1_000 },
    })
  ).readings;

test('what is stored of readings in the short form is what is stored of the same readings in JSON', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-json', 'd-cbor']);
  const json = await openRaw(hub.device('d-json'));
  const binary = await openRaw(cbor(hub, 'd-cbor'), { layout });
  t.after(() => [json, binary].forEach((device) => device.close()));
  assert.equal(binary.ws.protocol, 'hub.v1.cbor');
  const ts = Date.now() - 10_000;
  const values = [2157, 405, 3709, -60] as const;
  const data = { temperature: 21.57, humidity: 40.5, battery: 3.709, rssi: -60 };
  json.send({ type: 'telemetry', seq: 1, stream: 'env', ts, data });
  json.send({ type: 'telemetry', seq: 2, stream: 'env', ts: ts + 0.125, data: { temperature: 1 / 3 } });
  const samples = [0, 1, 2].map((n) => ({
    ts: ts + 1_000 + n * 500,
    data: { temperature: (2000 + n) / 100 },
  }));
  json.send({ type: 'telemetry', seq: 3, stream: 'env', samples });
  binary.sendBytes(writeCbor([1, 1, 0, ts, values]));
  binary.sendBytes(writeCbor([1, 2, 0, ts + 0.125, [new CborFloat(1 / 3)]]));
  binary.sendBytes(writeCbor([3, 3, 0, 3, [ts + 1_000, 500], [[2000, 1, 1]]]));
  for (const device of [json, binary]) {
    await device.next('ack', (frame) => 'upTo' in frame && frame.upTo === 3);
    assert.deepEqual(
      device.frames.filter(({ type }) => type === 'nack'),
      [],
    );
  }
  const stored = await waitFor(
    async () => {
      const rows = await readingsOf(hub, 'd-cbor');
      return rows.length === 5 ? rows : undefined;
    },
    { what: 'all readings are stored' },
  );
  assert.deepEqual(stored, await readingsOf(hub, 'd-json'));
});

test('a command, a notice and a nack come in CBOR, and the answers are taken', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-1']);
  const device = await openRaw(cbor(hub, 'd-1'), { layout });
  t.after(() => device.close());
  const admin = await withToken(hub, 'admin', { role: 'admin' });
  const asked = admin.ask('POST', '/devices/d-1/commands/set-interval?wait=5s', { params: { seconds: 30 } });
  const { id, params } = await device.next('command');
  assert.deepEqual(params, { seconds: 30 });
  device.send({ type: 'received', re: id });
  device.send({ type: 'result', re: id, status: 'succeeded' });
  assert.equal((await asked).body['status'], 'succeeded');
  await hub.ask('POST /api/v1/notices', { body: { to: 'all', topic: 'news', data: { pi: 3.14 } } });
  assert.deepEqual((await device.next('notice')).data, { pi: 3.14 });
  device.sendBytes(writeCbor([1, 1, 0, Date.now(), [90_000]]));
  const { errors } = await device.next('nack');
  assert.equal(errors?.[0]?.path, '/temperature');
  assert.equal(errors?.[0]?.got, '900');
});

test('each subprotocol takes its own kind of frame, and a broken one closes as with JSON', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-1']);
  const closedBy = async (strike: (device: Awaited<ReturnType<typeof openRaw>>) => void): Promise<string> => {
    const device = await openRaw(cbor(hub, 'd-1'));
    strike(device);
    const { code, reason } = await device.closed;
    return `${code} ${reason}`;
  };
  assert.equal(await closedBy((device) => device.sendText('{}')), '1003 {"code":"text-frame"}');
  assert.equal(
    await closedBy((device) => device.sendBytes(Buffer.from('a1647479706562c328', 'hex'))),
    '1007 {"code":"bad-utf8"}',
  );
  assert.equal(
    await closedBy((device) => device.sendBytes(new Uint8Array(65_537))),
    '1009 {"code":"frame-too-big"}',
  );
  const ten = (device: { sendBytes(bytes: Uint8Array): void }): void => {
    for (let n = 0; n < 10; n += 1) device.sendBytes(Buffer.from('9fff', 'hex'));
  };
  assert.equal(await closedBy(ten), '4400 {"code":"undecodable"}');
});

test('of several subprotocols the first that the hub speaks is taken; one it does not speak is refused with the list', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-1']);
  const { url, id, secret } = hub.device('d-1');
  const headers = { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` };
  const offered = async (...names: string[]): Promise<string> => {
    const ws = new WebSocket(url, names, { headers });
    await once(ws, 'open');
    ws.terminate();
    return ws.protocol;
  };
  assert.equal(await offered('hub.v2.json', 'hub.v1.cbor', 'hub.v1.json'), 'hub.v1.cbor');
  assert.equal(await offered('hub.v1.json', 'hub.v1.cbor'), 'hub.v1.json');
  await assert.rejects(offered('hub.v1.xml'), /400/);
});
