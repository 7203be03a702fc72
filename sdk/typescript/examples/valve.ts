/**
 * A valve: its position by command, which takes its time; the flow every few seconds, as often as its desired state says; an event when
 * it leaks.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { begin } from '../src/node.ts';

const { HUB_URL = '', HUB_CA, HUB_DEVICE_ID = '', HUB_DEVICE_SECRET = '', HUB_DEVICE_STATE } = process.env;

const device = await begin({
  url: HUB_URL,
  ca: HUB_CA,
  id: HUB_DEVICE_ID,
  secret: HUB_DEVICE_SECRET,
  type: 'smart-valve@1',
  state: HUB_DEVICE_STATE,
});

const defaults = { intervalSec: 2, failPosition: 'closed' };
let settings = defaults;
let position = 0;
let target = 0;

function measure(): void {
  void device.measure('flow', { flow: position * 1.2, position, mode: 'automatic' });
  setTimeout(measure, settings.intervalSec * 1_000);
}

// The motor moves ten percent in a tenth of a second.
device.onCommand('set-position', async ({ params, progress }) => {
  const wanted = Number(params['percent']);
  target = wanted;
  while (position !== target) {
    await wait(100);
    position += Math.max(-10, Math.min(10, target - position));
    progress(position, 'moving');
  }
  if (target !== wanted) return { status: 'failed', error: 'closed on the way' };
  return { status: 'succeeded', output: { position } };
});

// What must not wait until the motor has arrived.
device.onCommand(
  'close',
  () => {
    position = target = 0;
    return { status: 'succeeded' };
  },
  { urgent: true },
);

// What the desired state does not name is back at the default.
device.onDesired((state) => {
  settings = { ...defaults, ...state };
  device.reported(settings);
  return [];
});

device.reported(settings);
void device.report('leak', 'critical', { zone: 'cellar' });
measure();
