/**
 * A gateway: it speaks for several sensors that have no network of their own, each with its own id and session. HUB_DEVICES has
 * `id:secret` of each, separated by blanks.
 */
import { join } from 'node:path';
import { begin } from '../src/node.ts';

const { HUB_URL = '', HUB_CA, HUB_DEVICES = '', HUB_DEVICE_STATE = '.' } = process.env;

for (const [index, credential] of HUB_DEVICES.split(' ').entries()) {
  const [id = '', secret = ''] = credential.split(':');
  const device = await begin({
    url: HUB_URL,
    ca: HUB_CA,
    id,
    secret,
    type: 'env-sensor@1',
    state: join(HUB_DEVICE_STATE, id),
  });
  setInterval(() => void device.measure('env', { temperature: 20 + index, rssi: -60 - index }), 1_000);
}
