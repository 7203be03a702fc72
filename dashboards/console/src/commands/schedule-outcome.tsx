import type { ScheduleOutcome as Outcome, ScheduleRun } from '../../../../schemas/api/commands/schedules.ts';
import { texts } from '../texts/texts.ts';

/** What became of a time of a schedule, with the way to what was sent then. */
export function ScheduleOutcome({ outcome }: { readonly outcome: Outcome | ScheduleRun | undefined }) {
  if (outcome === undefined) return null;
  const { kind, reason } = outcome;
  const word = texts.commands.scheduleOutcomes[kind];
  const id = 'id' in outcome ? outcome.id : undefined;
  const shown =
    id === undefined ? word : <a href={`/commands?view=groups&id=${encodeURIComponent(id)}`}>{word}</a>;
  if (kind === 'sent' || kind === 'sending') return <span class="quiet">{shown}</span>;
  return (
    <>
      <span class={`badge ${kind === 'refused' ? 'tone-bad' : 'tone-warn'}`}>{shown}</span>{' '}
      {reason !== undefined && <span class="quiet">{reason}</span>}
    </>
  );
}
