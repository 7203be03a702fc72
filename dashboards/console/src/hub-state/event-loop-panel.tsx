import { Sparkline } from '../components/sparkline.tsx';
import { shareWords } from '../number-words.ts';
import type { HubSnapshot } from '../../../../schemas/api/hub.ts';

interface EventLoopPanelProps {
  /** The newest last, one a second. */
  readonly course: readonly HubSnapshot[];
  readonly room: number;
}

const millis = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });

/** How long events wait for their turn in the hub. */
export function EventLoopPanel({ course, room }: EventLoopPanelProps) {
  const now = course.at(-1)?.eventLoop;
  if (now === undefined) return null;
  return (
    <section class="card hub-card" aria-label="Event-loop delay">
      <h2>Event-loop delay</h2>
      <p class="big">p99 {millis.format(now.p99Ms)} ms</p>
      <Sparkline
        values={course.map(({ eventLoop }) => eventLoop.p99Ms)}
        capacity={room}
        label={`99th percentile of the event-loop delay over the last minutes, now ${millis.format(now.p99Ms)} ms`}
      />
      <p class="quiet">
        p50 {millis.format(now.p50Ms)} ms · max {millis.format(now.maxMs)} ms · load {shareWords(now.share)}
      </p>
    </section>
  );
}
