import type { TestContext } from 'node:test';
import { makeDevice } from '../../../sdk/typescript/src/node.ts';
import { connectRaw } from '../devices/raw-device.ts';
import type { InProcessHub } from '../hubs/in-process-hub.ts';
import type { InfluxServer } from '../services/influxd.ts';
import { eventOf, waitFor } from '../wait-for.ts';
import type { Scene } from './calls/scene.ts';

/** Real devices and a real store around the hub. */
export function sceneOf(t: TestContext, { hub }: InProcessHub, influx: InfluxServer): Scene {
  const enrolUrl = new URL('/v1/enrol', hub.deviceUrl.replace('ws', 'http'));
  return {
    async connect(id, secret, deviceType = 'env-sensor@1') {
      const client = makeDevice({ url: hub.deviceUrl, id, secret, type: deviceType });
      client.onCommand('identify', () => ({ status: 'succeeded' }));
      t.after(() => client.close());
      const welcomed = eventOf(client, 'welcome');
      client.wake();
      await welcomed;
      return {
        async send(stream, data) {
          await client.measure(stream, data);
        },
      };
    },
    async clone(id, secret) {
      for (const boot of ['one', 'two', 'one', 'two']) {
        const device = await connectRaw({ url: hub.deviceUrl, id, secret });
        t.after(() => device.close());
        device.send({ type: 'hello', boot, deviceType: 'env-sensor@1', t1: 1 });
        await Promise.race([device.next('welcome'), device.closed]);
      }
    },
    async enrol(token, id) {
      const headers = { 'content-type': 'application/json' };
      const body = JSON.stringify({ token, id });
      return (await fetch(enrolUrl, { method: 'POST', headers, body })).status;
    },
    async refuseOccupancy() {
      // InfluxDB fixes the type of a field by the first point that has it.
      const body = `traffic_detector_traffic,device=x occupancy="full" ${Date.now()}000`;
      await fetch(`${influx.url}/write?db=hub&precision=u`, { method: 'POST', body });
    },
    stopStore: () => influx.kill(),
    until: (what, condition) => waitFor(condition, { what, timeoutMs: 10_000, everyMs: 50 }),
  };
}
