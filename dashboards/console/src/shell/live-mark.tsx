import { liveState, type LiveState } from '../live.ts';
import { texts } from '../texts/texts.ts';

const words: Record<LiveState, string> = texts.shell.liveMarkWords;

/** Whether the page is up to date. */
export function LiveMark() {
  const { value: state } = liveState;
  return (
    <span class={`live-mark live-${state}`} role="status">
      {words[state]}
    </span>
  );
}
