import type { Metrics } from '../kernel/metrics.ts';
import type { DropCounters } from './socket-limits.ts';

const help =
  'Sockets cut before any answer: too many of an address, too many or too slow before they proved whose';

/** @param listener whose sockets: the devices' when not given */
export function exposeDrops(metrics: Metrics, drops: DropCounters, listener?: 'admin'): void {
  const name = listener === undefined ? 'hub_socket_drops_total' : `hub_${listener}_socket_drops_total`;
  metrics.counter(name, help, () => ({ ...drops }), 'cause');
}

/** What strangers ask of the operators' listener is neither in the log nor, beyond a few, in the audit. */
export function exposeRefusals(metrics: Metrics, refusals: Readonly<Record<string, number>>): void {
  metrics.counter(
    'hub_admin_refusals_total',
    'Requests that the admin listener refused, by HTTP status',
    () => ({ ...refusals }),
    'status',
  );
}
