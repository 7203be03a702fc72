import { liveState, type LiveState } from '../live.ts';

const words: Record<LiveState, string> = {
  off: 'not connected',
  connecting: 'connecting',
  open: 'live',
  reconnecting: 'reconnecting',
};

/** Whether the page is up to date. */
export function LiveMark() {
  const { value: state } = liveState;
  return (
    <span class={`live-mark live-${state}`} role="status">
      {words[state]}
    </span>
  );
}
