/**
 * A device that sleeps: it wakes, takes a reading, waits until the hub has stored everything, and sleeps again. Here to sleep is to
 * end, and whatever starts the program again wakes it; the state folder is its flash.
 */
import { begin } from '../src/node.ts';

const { HUB_URL = '', HUB_CA, HUB_DEVICE_ID = '', HUB_DEVICE_SECRET = '', HUB_DEVICE_STATE } = process.env;

const device = await begin({
  url: HUB_URL,
  ca: HUB_CA,
  id: HUB_DEVICE_ID,
  secret: HUB_DEVICE_SECRET,
  type: 'env-sensor@1',
  state: HUB_DEVICE_STATE,
});
void device.measure('env', { temperature: 4.25, battery: 3.61 });
// No hub in this time: the reading stays in the store, and goes with the next one.
const isDone = await device.bye({ sleepSec: 600, patienceMs: 20_000 });
await device.close();
process.exitCode = isDone ? 0 : 2;
