import assert from 'node:assert/strict';
import { test } from 'node:test';
import envSensor from '../../../schemas/device-types/env-sensor@1.json' with { type: 'json' };
import { layoutOf } from '../../../schemas/cbor/type-layout.ts';
import type { DeviceTypeDefinition } from '../../../schemas/device-type-definition.ts';
import { makeDevice, type NodeSettings } from '../../../sdk/typescript/src/node.ts';
import { startInProcessHub } from '../../helpers/hubs/in-process-hub.ts';
import { withToken } from '../../helpers/hubs/operators.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const layout = layoutOf(envSensor as DeviceTypeDefinition);

test('what a hub stores of a device is the same in JSON, in CBOR with names and in short forms; commands come in each', async (t) => {
  const hub = await startInProcessHub(t);
  const ways: Readonly<Record<string, NodeSettings['cbor']>> = {
    'd-json': false,
    'd-names': true,
    'd-short': layout,
    // A hub that has its fields in another order is spoken to with their names.
    'd-moved': { ...layout, fingerprint: '4-0123456789abcdef' },
  };
  await hub.add(Object.keys(ways));
  const admin = await withToken(hub, 'admin', { role: 'admin' });
  const ts = Date.now() - 60_000;
  const readings = async (id: string) => {
    const query = { toMs: Date.now() + 60_000, limit: 1_000 };
    return (
      await hub.ask('GET /api/v1/devices/{id}/readings/{stream}', { params: { id, stream: 'env' }, query })
    ).readings;
  };
  for (const [id, cbor] of Object.entries(ways)) {
    const device = makeDevice({ ...hub.device(id), type: 'env-sensor@1', cbor, backoffFirstMs: 1 });
    t.after(() => device.close());
    device.onCommand('set-interval', ({ params }) => ({ status: 'succeeded', output: params['never'] }));
    const samples = Array.from({ length: 40 }, (_, n) => ({
      ts: ts + n * 250,
      data: { temperature: 20 + Math.sin(n), humidity: 40 + n / 10, rssi: -60 - (n % 7) },
    }));
    device.wake();
    const settled = await device.measureAll('env', samples);
    assert.ok(
      settled.every(({ kind }) => kind === 'stored'),
      id,
    );
    const refused = await device.measure('env', { temperature: 900 });
    assert.equal(refused.kind === 'refused' && refused.nack.errors?.[0]?.path, '/temperature', id);
    const asked = await admin.ask('POST', `/devices/${id}/commands/set-interval?wait=5s`, {
      params: { seconds: 30 },
    });
    assert.equal(asked.body['status'], 'succeeded', id);
  }
  const all = await Promise.all(
    Object.keys(ways).map((id) =>
      waitFor(async () => (await readings(id)).length === 40 && readings(id), {
        what: `the readings of ${id}`,
      }),
    ),
  );
  for (const other of all.slice(1)) assert.deepEqual(other, all[0]);
});
