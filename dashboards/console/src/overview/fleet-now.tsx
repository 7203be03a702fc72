import type { HubSnapshot } from '../../../../schemas/api/hub.ts';
import type { PresenceState } from '../../../../schemas/presence-states.ts';
import { Panel } from '../components/panel.tsx';
import { StackedBar } from '../components/stacked-bar.tsx';
import { StateShape } from '../components/state-badge.tsx';
import { stateWord } from '../components/state-word.ts';
import { stateOrder } from '../fleet/state-order.ts';
import { countWords } from '../number-words.ts';
import { seesAll } from '../session.ts';
import { texts } from '../texts/texts.ts';
import { FleetCourse } from './fleet-course.tsx';

/** How many devices are in each state, with the way to them, and how many were over the last day. */
export function FleetNow({ hub }: { hub: HubSnapshot }) {
  const { byState, total } = hub.devices;
  const parts = stateOrder
    .filter((state) => (byState[state] ?? 0) > 0)
    .toReversed()
    .map((state) => ({
      key: state,
      value: byState[state] ?? 0,
      class: `presence-${state}`,
      word: stateWord(state),
    }));
  const words = parts.map(({ word, value }) => `${countWords(value)} ${word}`).join(', ');
  return (
    <Panel
      title={texts.common.devices}
      aside={<a href="/devices">{texts.counts.devices(total)}</a>}
      name="state-counts"
    >
      <StackedBar parts={parts} label={words} />
      <ul>
        {parts.map(({ key, value, word }) => (
          <StateLink key={key} state={key} value={value} word={word} />
        ))}
      </ul>
      {seesAll() && <FleetCourse hub={hub} />}
    </Panel>
  );
}

function StateLink({ state, value, word }: { state: PresenceState; value: number; word: string }) {
  return (
    <li>
      <a class={`count presence-${state}`} href={`/devices?state=${state}`}>
        <StateShape state={state} />
        <b>{countWords(value)}</b> {word}
      </a>
    </li>
  );
}
