/** A sensor: a reading every second, kept until the hub has it, over reboots too. */
import { begin } from '../src/node.ts';

const { HUB_URL = '', HUB_CA, HUB_DEVICE_ID = '', HUB_DEVICE_SECRET = '', HUB_DEVICE_STATE } = process.env;

const device = await begin({
  url: HUB_URL,
  ca: HUB_CA,
  id: HUB_DEVICE_ID,
  secret: HUB_DEVICE_SECRET,
  type: 'env-sensor@1',
  firmware: '1.0.0',
  state: HUB_DEVICE_STATE,
});
let intervalMs = 1_000;
let timer: NodeJS.Timeout | undefined;

function measure(): void {
  const temperature = Math.round(200 + Math.random() * 100) / 10;
  const humidity = Math.round(40 + Math.random() * 20);
  void device.measure('env', { temperature, humidity });
  timer = setTimeout(measure, intervalMs);
}

device.onCommand('identify', () => {
  process.stdout.write('blink\n');
  return { status: 'succeeded' };
});
device.onCommand('set-interval', ({ params }) => {
  intervalMs = Number(params['seconds']) * 1_000;
  clearTimeout(timer);
  measure();
  return { status: 'succeeded' };
});
device.on('nack', ({ code, errors }) =>
  process.stderr.write(`refused: ${code} ${JSON.stringify(errors ?? [])}\n`),
);
device.on('trouble', (what) => process.stderr.write(`${what}\n`));
measure();
