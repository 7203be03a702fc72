import { liveState, lostMs } from '../live.ts';
import { Time } from '../components/time.tsx';

/** While the hub is away: that what is shown is old, and from when. */
export function StaleNote() {
  if (liveState.value !== 'reconnecting') return null;
  return (
    <p class="note stale-note" role="status">
      The hub does not answer.{' '}
      {lostMs.value > 0 && (
        <>
          What is shown is as of <Time ms={lostMs.value} />.
        </>
      )}
    </p>
  );
}
