import { Sparkline } from '../components/sparkline.tsx';
import { shareWords } from '../number-words.ts';
import type { HubSnapshot } from '../../../../schemas/api/hub.ts';
import { texts } from '../texts/texts.ts';

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
    <section class="card hub-card" aria-label={texts.hubState.eventLoopDelay}>
      <h2>{texts.hubState.eventLoopDelay}</h2>
      <p class="big">{texts.hubState.p99(millis.format(now.p99Ms))}</p>
      <Sparkline
        values={course.map(({ eventLoop }) => eventLoop.p99Ms)}
        capacity={room}
        label={texts.hubState.percentileOfTheEventLoop(millis.format(now.p99Ms))}
      />
      <p class="quiet">
        {texts.hubState.eventLoopFigures(
          millis.format(now.p50Ms),
          millis.format(now.maxMs),
          shareWords(now.share),
        )}
      </p>
    </section>
  );
}
