import { Sparkline } from '../components/sparkline.tsx';
import { shareWords } from '../number-words.ts';
import type { HubView } from './hub-view.ts';

interface EventLoopPanelProps {
  /** The newest last, one a second. */
  readonly course: readonly HubView[];
  readonly room: number;
}

const millis = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });

/** How long things wait for their turn in the hub. */
export function EventLoopPanel({ course, room }: EventLoopPanelProps) {
  const now = course.at(-1)?.eventLoop;
  if (now === undefined) return null;
  return (
    <section class="card hub-card" aria-label="Event loop">
      <h2>Event loop</h2>
      <p class="big">{millis.format(now.p99Ms)} ms</p>
      <Sparkline
        values={course.map(({ eventLoop }) => eventLoop.p99Ms)}
        capacity={room}
        label={`Delay of the event loop over the last minutes, now ${millis.format(now.p99Ms)} ms`}
      />
      <p class="quiet">
        99 of 100 turns; half within {millis.format(now.p50Ms)} ms, longest {millis.format(now.maxMs)} ms ·
        busy {shareWords(now.share)}
      </p>
    </section>
  );
}
