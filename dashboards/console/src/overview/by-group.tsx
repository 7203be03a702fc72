import { useState } from 'preact/hooks';
import { countedBy, type DeviceCounts } from '../../../../schemas/api/devices.ts';
import { ask } from '../api.ts';
import { Panel } from '../components/panel.tsx';
import { Segmented } from '../components/segmented.tsx';
import { StackedBar } from '../components/stacked-bar.tsx';
import { Loaded } from '../components/states.tsx';
import { stateWord } from '../components/state-word.ts';
import { stateOrder } from '../fleet/state-order.ts';
import { countWords } from '../number-words.ts';
import { texts } from '../texts/texts.ts';
import { useRepeatedLoad } from '../use-load.ts';

type By = (typeof countedBy)[number];

const refreshMs = 5_000;
const most = 48;

/** One small bar for each site, type or firmware: where something is wrong is seen at once. */
export function ByGroup() {
  const [by, setBy] = useState<By>('site');
  const load = useRepeatedLoad(
    (signal) => ask('GET /api/v1/device-counts', { query: { by }, signal }),
    [by],
    () => refreshMs,
  );
  return (
    <Panel
      title={texts.overview.devicesByWhat(by)}
      aside={
        <Segmented
          label={texts.overview.devicesBy}
          value={by}
          onValue={setBy}
          choices={countedBy.map((each) => [each, each])}
        />
      }
    >
      <Loaded load={load} what={texts.overview.theCounts}>
        {({ groups }) => (
          <>
            <ul class="small-multiples">
              {[...groups]
                .toSorted(worstFirst)
                .slice(0, most)
                .map((group) => (
                  <Group key={group.value} by={by} group={group} />
                ))}
            </ul>
            {groups.length > most && (
              <p class="quiet">{texts.common.andMore(countWords(groups.length - most))}</p>
            )}
          </>
        )}
      </Loaded>
    </Panel>
  );
}

function Group({ by, group: { value, devices, byState } }: { by: By; group: DeviceCounts }) {
  const parts = stateOrder.toReversed().map((state) => ({
    key: state,
    value: byState[state] ?? 0,
    class: `presence-${state}`,
    word: stateWord(state),
  }));
  const words = parts
    .filter((part) => part.value > 0)
    .map((part) => `${countWords(part.value)} ${part.word}`);
  return (
    <li>
      <p>
        {value === '' ? (
          <span class="quiet">{texts.overview.notKnown}</span>
        ) : (
          <a href={`/devices?${new URLSearchParams({ [by]: value }).toString()}`}>{value}</a>
        )}
      </p>
      <StackedBar parts={parts} label={words.join(', ')} />
      <p class="quiet">
        {texts.overview.devicesOnline(countWords(byState['online'] ?? 0), countWords(devices))}
      </p>
    </li>
  );
}

/** Those of which the greatest share is offline come first. */
function worstFirst(a: DeviceCounts, b: DeviceCounts): number {
  return shareOff(b) - shareOff(a) || b.devices - a.devices;
}

function shareOff({ devices, byState }: DeviceCounts): number {
  return ((byState['offline'] ?? 0) + (byState['overdue'] ?? 0)) / devices;
}
