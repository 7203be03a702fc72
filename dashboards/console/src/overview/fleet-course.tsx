import { useState } from 'preact/hooks';
import type { FleetSample, HubSnapshot } from '../../../../schemas/api/hub.ts';
import { ask } from '../api.ts';
import { Loaded } from '../components/states.tsx';
import { Time } from '../components/time.tsx';
import { stateWord } from '../components/state-word.ts';
import { stateOrder } from '../fleet/state-order.ts';
import { countWords } from '../number-words.ts';
import { texts } from '../texts/texts.ts';
import { shortTime } from '../time.ts';
import { useRepeatedLoad } from '../use-load.ts';
import { sampleAt, stackedAreas } from './stacked-areas.ts';

const dayMs = 86_400_000;
/** The hub takes a sample every five minutes. */
const refreshMs = 60_000;
/** The most usual state is the ground on which the others stand. */
const order = stateOrder.toReversed();

/** How many devices were in each state over the last day, up to now. */
export function FleetCourse({ hub }: { hub: HubSnapshot }) {
  const load = useRepeatedLoad(
    (signal) => ask('GET /api/v1/hub/fleet-course', { signal }),
    [],
    () => refreshMs,
  );
  return (
    <Loaded load={load} what={texts.overview.theLastDay}>
      {({ samples }) => (
        <Course
          samples={[...samples, { timeMs: hub.nowMs, byState: hub.devices.byState }]}
          toMs={hub.nowMs}
        />
      )}
    </Loaded>
  );
}

function Course({ samples, toMs }: { samples: readonly FleetSample[]; toMs: number }) {
  const [pointedMs, setPointedMs] = useState<number>();
  // A hub that is young would fill a corner of the picture only.
  const fromMs = Math.max(toMs - dayMs, Math.min(samples[0]?.timeMs ?? toMs, toMs - 3_600_000));
  const shown = sampleAt(samples, pointedMs ?? toMs);
  const areas = stackedAreas(samples, order, { fromMs, toMs });
  return (
    <figure class="fleet-course">
      <svg
        viewBox="0 0 1000 1000"
        preserveAspectRatio="none"
        role="img"
        aria-label={texts.overview.devicesByStateSince(shortTime(fromMs))}
        onPointerMove={(event) => {
          const { left, width } = event.currentTarget.getBoundingClientRect();
          setPointedMs(fromMs + ((event.clientX - left) / width) * (toMs - fromMs));
        }}
        onPointerLeave={() => setPointedMs(undefined)}
      >
        {areas.map(({ state, path }) => (
          <path key={state} class={`presence-${state}`} d={path} />
        ))}
      </svg>
      <figcaption>
        <span class="quiet">
          <Time ms={fromMs} />
        </span>
        <span>
          {shown !== undefined && pointedMs !== undefined && (
            <>
              <Time ms={shown.timeMs} />:{' '}
              {order
                .filter((state) => (shown.byState[state] ?? 0) > 0)
                .map((state) => `${countWords(shown.byState[state] ?? 0)} ${stateWord(state)}`)
                .join(', ')}
            </>
          )}
        </span>
        <span class="quiet">{texts.overview.now}</span>
      </figcaption>
    </figure>
  );
}
