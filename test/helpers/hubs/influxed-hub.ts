import type { TestContext } from 'node:test';
import { startInProcessHub, type InProcessHub } from './in-process-hub.ts';
import { startInflux } from '../services/influxd.ts';

/** The whole hub in this process, with a real InfluxDB of its own. */
export async function startInfluxed(t: TestContext): Promise<InProcessHub> {
  const server = await startInflux();
  const hub = await startInProcessHub(t, { HUB_INFLUX_URL: server.url });
  // Hooks run in their order: the hub has been closed by then.
  t.after(() => server.close());
  return hub;
}
