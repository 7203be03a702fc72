import { liveState, lostMs } from '../live.ts';
import { Time } from '../components/time.tsx';
import { texts } from '../texts/texts.ts';

/** While the hub is away: that what is shown is old, and from when. */
export function StaleNote() {
  if (liveState.value !== 'reconnecting') return null;
  return (
    <p class="note stale-note" role="status">
      {texts.shell.hubDoesNotAnswer} {lostMs.value > 0 && texts.shell.whatIsShown(<Time ms={lostMs.value} />)}
    </p>
  );
}
