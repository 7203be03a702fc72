/** Long scenarios at full size: `npm run soak -- stall|restarts|half-open|rolling|site-loss [devices]`. */

import { halfOpen, restarts, rolling, siteLoss, stall } from './scenarios.ts';

const scenarios: Record<string, (devices: number) => Promise<unknown>> = {
  stall: (devices) => stall(devices),
  restarts: (devices) => restarts(devices),
  'half-open': (devices) => halfOpen(devices),
  rolling: (devices) => rolling(devices),
  'site-loss': (devices) => siteLoss(devices),
};

const [name = '', devices = '1000'] = process.argv.slice(2);
const scenario = scenarios[name];
if (scenario === undefined) {
  process.stderr.write(`which one? ${Object.keys(scenarios).join(', ')}\n`);
  process.exitCode = 2;
} else {
  process.stdout.write(`${JSON.stringify(await scenario(Number(devices)), undefined, 2)}\n`);
}
