import type { ScheduleOutcome as Outcome } from '../../../../schemas/api/commands/schedules.ts';

/** What became of a time of a schedule. */
export function ScheduleOutcome({ outcome }: { readonly outcome: Outcome | undefined }) {
  if (outcome === undefined) return null;
  const { kind, reason } = outcome;
  if (kind === 'sent' || kind === 'sending') return <span class="quiet">{kind}</span>;
  return (
    <>
      <span class={`badge ${kind === 'refused' ? 'tone-bad' : 'tone-warn'}`}>{kind}</span>{' '}
      {reason !== undefined && <span class="quiet">{reason}</span>}
    </>
  );
}
