import type { HubSnapshot } from '../../../../schemas/api/hub.ts';
import { Sparkline } from '../components/sparkline.tsx';
import { keptSec } from '../hub-state/use-hub.ts';
import { rateWords } from '../number-words.ts';
import { texts } from '../texts/texts.ts';
import { spanWords } from '../time.ts';
import { slowestStage } from './slowest-stage.ts';

/** What comes in and what is stored, each second, and where it takes longest. */
export function Rates({ course }: { course: readonly HubSnapshot[] }) {
  const latest = course.at(-1);
  if (latest === undefined) return null;
  const { name, ms } = slowestStage(latest);
  return (
    <ul class="rates">
      <Rate
        values={course.map(({ messagesPerSec }) => messagesPerSec)}
        now={rateWords(latest.messagesPerSec)}
        words={texts.overview.messagesPerSecond}
      />
      <Rate
        values={course.map(({ storedPerSec }) => storedPerSec)}
        now={rateWords(latest.storedPerSec)}
        words={texts.overview.pointsStoredPerSecond}
      />
      <Rate
        values={course.map((each) => slowestStage(each).ms)}
        now={spanWords(ms)}
        words={texts.overview.slowest(name)}
      />
    </ul>
  );
}

function Rate({ values, now, words }: { values: readonly number[]; now: string; words: string }) {
  return (
    <li>
      <a href="/hub">
        <b>{now}</b> <span>{words}</span>
      </a>
      <Sparkline values={values} capacity={keptSec} label={texts.overview.lastTwoMinutesOfNow(words, now)} />
    </li>
  );
}
