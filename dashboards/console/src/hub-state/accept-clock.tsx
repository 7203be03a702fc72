import { ask, messageOf } from '../api.ts';
import { say } from '../components/status-region.tsx';
import { texts } from '../texts/texts.ts';

/** For a person who has looked at a clock: the machine's is right. */
export function AcceptClock() {
  return (
    <button type="button" class="button small" onClick={() => void accept()}>
      {texts.hubState.clockIsRight}
    </button>
  );
}

async function accept(): Promise<void> {
  try {
    const { fault } = await ask('POST /api/v1/hub/clock/accept', {});
    if (fault === undefined) say('done', texts.hubState.clockIsTakenAsRight);
    else say('fault', fault);
  } catch (error) {
    say('fault', messageOf(error));
  }
}
