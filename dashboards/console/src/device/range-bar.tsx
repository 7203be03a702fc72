import { setQuery } from '../router.ts';
import { shortTime } from '../time.ts';
import { ranges, spanOf, type Range } from './ranges.ts';

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
      <div class="segmented" role="group" aria-label="Time range">
        {ranges.map(({ key, word }) => (
          <button
            key={key}
            type="button"
            aria-pressed={key === range.key}
            onClick={() => setQuery({ range: key })}
          >
            {word}
          </button>
        ))}
      </div>
      <div class="range-move">
        <button
          type="button"
          class="button small"
          onClick={() => go(span.toMs - range.lengthMs)}
          aria-label="Earlier"
        >
          ←
        </button>
        <span class="quiet">{span.live ? 'now' : `until ${shortTime(span.toMs)}`}</span>
        {!span.live && (
          <>
            <button
              type="button"
              class="button small"
              onClick={() => go(span.toMs + range.lengthMs)}
              aria-label="Later"
            >
              →
            </button>
            <button type="button" class="button small" onClick={() => setQuery({ until: '' })}>
              Now
            </button>
          </>
        )}
      </div>
    </div>
  );
}

/** @param toMs where the pictures are to end */
function go(toMs: number): void {
  setQuery({ until: toMs >= Date.now() ? '' : String(Math.floor(toMs)) });
}
