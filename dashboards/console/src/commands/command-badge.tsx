import { Badge, looks, type Look } from '../components/badge.tsx';

const { done, bad, doubt, away, waits, moves } = looks;

const byStatus: Readonly<Record<string, Look>> = {
  accepted: waits,
  queued: waits,
  waiting: waits,
  sent: moves,
  received: moves,
  running: moves,
  uncertain: doubt,
  succeeded: done,
  finished: done,
  failed: bad,
  rejected: bad,
  expired: bad,
  lost: bad,
  stopped: bad,
  cancelled: away,
  skipped: away,
};

/** The status of a command, of a group command or of one of its devices. */
export function CommandBadge({ status }: { readonly status: string }) {
  return <Badge look={byStatus[status] ?? away}>{status}</Badge>;
}
