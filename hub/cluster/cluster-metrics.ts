import type { Metrics } from '../kernel/metrics.ts';
import type { Adoption } from './adoption.ts';
import type { Leases } from './leases.ts';
import type { Mail } from './mail.ts';
import type { Peers } from './peers.ts';
import type { Tenure } from './tenure.ts';

export interface MeasuredCluster {
  tenure: Tenure;
  leases: Leases;
  adoption: Adoption;
  mail: Mail;
  /** Its sessions of devices that another hub had. */
  moves: { readonly takeovers: number };
}

export function exposePeers(metrics: Metrics, peers: Pick<Peers, 'counters'>): void {
  metrics.counter(
    'hub_peer_questions_total',
    'Requests sent on to other hubs, by fate',
    () => peers.counters,
    'fate',
  );
}

export function exposeCluster(
  metrics: Metrics,
  { tenure, leases, adoption, mail, moves }: MeasuredCluster,
): void {
  metrics.gauge(
    'hub_cluster_hubs',
    'Starts of hubs of the last day, by state',
    () => {
      const counts: Record<string, number> = { up: 0, left: 0, dead: 0 };
      for (const { state } of tenure.hubs) counts[state] = (counts[state] ?? 0) + 1;
      return counts;
    },
    'state',
  );
  metrics.gauge('hub_tenure_left_seconds', 'For how long this hub may still act without another beat', () =>
    tenure.leftSec(),
  );
  metrics.counter('hub_fenced_total', 'Times at which this hub had to stop acting', () => tenure.fences);
  metrics.gauge(
    'hub_lease',
    '1: this hub has the lease',
    () => ({ leader: Number(leases.holds('leader')), gate: Number(leases.holds('gate')) }),
    'lease',
  );
  metrics.counter(
    'hub_takeovers_total',
    'Sessions opened here of devices that another hub had',
    () => moves.takeovers,
  );
  metrics.counter(
    'hub_adopted_total',
    'Devices taken over from hubs that have ended',
    () => adoption.devices,
  );
  metrics.counter(
    'hub_mail_total',
    'Hints to and from other hubs, by kind and fate',
    () => mail.counters,
    'letter',
  );
}
