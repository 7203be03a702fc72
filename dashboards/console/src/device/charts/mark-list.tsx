import { Time } from '../../components/time.tsx';
import { countWords } from '../../number-words.ts';
import { texts } from '../../texts/texts.ts';
import type { Mark } from './marks.ts';

/** The lines in the charts, in words. */
export function MarkList({ marks }: { marks: readonly Mark[] }) {
  if (marks.length === 0) return null;
  return (
    <details class="values">
      <summary>{texts.charts.countedMarks(countWords(marks.length))}</summary>
      <ul class="mark-list">
        {marks.map(({ timeMs, words, tone }) => (
          <li key={`${timeMs} ${words}`} class={`tone-${tone}`}>
            <Time ms={timeMs} /> {words}
          </li>
        ))}
      </ul>
    </details>
  );
}
