import { Segmented } from '../../components/segmented.tsx';
import { setQuery } from '../../router.ts';
import { texts } from '../../texts/texts.ts';
import { shortTime } from '../../time.ts';
import { ranges, spanOf, zoomed, type Range, type Span } from './ranges.ts';

interface RangeBarProps {
  range: Range;
  /** Where it ends, Unix ms as text; null: now. */
  until: string | null;
}

/** The time range of the charts; it is part of the address. */
export function RangeBar({ range, until }: RangeBarProps) {
  const span = spanOf(range, until, Date.now());
  return (
    <div class="range-bar">
      <Segmented
        label={texts.charts.timeRange}
        value={range.key}
        choices={ranges.map(({ key, word }) => [key, word])}
        onValue={(key) => setQuery({ range: key })}
      />
      <div class="range-move">
        <button
          type="button"
          class="button small"
          aria-label={texts.charts.zoomIn}
          onClick={() => resize(span, 0.5)}
        >
          +
        </button>
        <button
          type="button"
          class="button small"
          aria-label={texts.charts.zoomOut}
          onClick={() => resize(span, 2)}
        >
          −
        </button>
        <button
          type="button"
          class="button small"
          onClick={() => go(span.toMs - range.lengthMs)}
          aria-label={texts.charts.earlier}
        >
          ←
        </button>
        <span class="quiet">
          {ranges.every(({ key }) => key !== range.key) && `${range.word}, `}
          {span.live ? texts.charts.now : texts.charts.untilTime(shortTime(span.toMs))}
        </span>
        {!span.live && (
          <>
            <button
              type="button"
              class="button small"
              onClick={() => go(span.toMs + range.lengthMs)}
              aria-label={texts.charts.later}
            >
              →
            </button>
            <button type="button" class="button small" onClick={() => setQuery({ until: '' })}>
              {texts.charts.nowTitle}
            </button>
          </>
        )}
      </div>
    </div>
  );
}

/** Shows this part of the time, Unix ms. */
export function zoomTo(fromMs: number, toMs: number): void {
  const { key, lengthMs } = zoomed(toMs - fromMs);
  // A part that is shorter than the shortest is in its middle.
  const end = (fromMs + toMs + lengthMs) / 2;
  setQuery({ range: key, until: end >= Date.now() ? '' : String(Math.floor(end)) });
}

/** About the middle of what is shown; what ends now goes on to end now. */
function resize({ fromMs, toMs, live }: Span, factor: number): void {
  const length = (toMs - fromMs) * factor;
  if (live) zoomTo(toMs - length, toMs + 1);
  else zoomTo((fromMs + toMs - length) / 2, (fromMs + toMs + length) / 2);
}

/** @param toMs where the pictures are to end */
function go(toMs: number): void {
  setQuery({ until: toMs >= Date.now() ? '' : String(Math.floor(toMs)) });
}
