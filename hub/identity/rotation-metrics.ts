import type { Metrics } from '../kernel/metrics.ts';
import type { Rotation } from './rotation.ts';

export function exposeRotation(metrics: Metrics, rotation: Rotation): void {
  metrics.counter(
    'hub_rotations_total',
    'Secrets offered, and changed over to',
    () => rotation.counters,
    'step',
  );
  metrics.gauge('hub_rotations_due', 'Devices whose secret is to be changed', () => rotation.due().length);
}
