/**
 * A sensor: a reading every second, or as often as the hub wants, kept until the hub has it, over reboots too. It takes new firmware: a
 * program for Node, which it runs in its own place.
 */
import { join } from 'node:path';
import { begin } from '../src/node.ts';

const {
  HUB_URL = '',
  HUB_CA,
  HUB_DEVICE_ID = '',
  HUB_DEVICE_SECRET = '',
  HUB_DEVICE_STATE = '.',
} = process.env;

const device = await begin({
  url: HUB_URL,
  ca: HUB_CA,
  id: HUB_DEVICE_ID,
  secret: HUB_DEVICE_SECRET,
  type: 'env-sensor@1',
  firmware: '1.0.0',
  state: HUB_DEVICE_STATE,
  updates: {
    file: join(HUB_DEVICE_STATE, 'firmware'),
    apply: async (_update, path = '') => {
      await device.close();
      process.execve?.(process.execPath, [process.execPath, path], process.env);
    },
  },
});

const defaults = { intervalSec: 1, alias: null, offset: { temperature: 0 } };
let settings = defaults;
let timer: NodeJS.Timeout | undefined;

function measure(): void {
  const temperature = Math.round(200 + Math.random() * 100) / 10 + settings.offset.temperature;
  const humidity = Math.round(40 + Math.random() * 20);
  void device.measure('env', { temperature, humidity });
  timer = setTimeout(measure, settings.intervalSec * 1_000);
}

/** What holds from now on. */
function hold(next: typeof settings): void {
  settings = next;
  device.reported(settings);
  clearTimeout(timer);
  measure();
}

device.onCommand('identify', () => {
  process.stdout.write('blink\n');
  return { status: 'succeeded' };
});
device.onCommand('set-interval', ({ params }) => {
  hold({ ...settings, intervalSec: Number(params['seconds']) });
  return { status: 'succeeded' };
});
// What the desired state does not name is back at the default.
device.onDesired((state) => {
  hold({ ...defaults, ...state });
  return [];
});
device.on('nack', ({ code, errors }) =>
  process.stderr.write(`refused: ${code} ${JSON.stringify(errors ?? [])}\n`),
);
device.on('trouble', (what) => process.stderr.write(`${what}\n`));
hold(settings);
