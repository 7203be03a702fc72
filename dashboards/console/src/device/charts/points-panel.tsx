import { ask } from '../../api.ts';
import { Panel } from '../../components/panel.tsx';
import { Loaded } from '../../components/states.tsx';
import { countWords } from '../../number-words.ts';
import { texts } from '../../texts/texts.ts';
import { useRepeatedLoad } from '../../use-load.ts';

const refreshMs = 5_000;

/** Columns of the ledger, in the order in which a point goes through them. */
const words = texts.charts.pointsPanelWords;

/** What became of every point of the device since the hub started. */
export function PointsPanel({ device }: { device: string }) {
  const load = useRepeatedLoad(
    (signal) => ask('GET /api/v1/ledger', { query: { device }, signal }),
    [device],
    () => refreshMs,
  );
  return (
    <Panel title={texts.charts.pointsSinceTheHubStarted}>
      <Loaded load={load} what={texts.charts.theLedger}>
        {({ accounts }) => {
          const account = accounts.find(({ id }) => id === device);
          if (account === undefined) return <p class="quiet">{texts.charts.noneYet}</p>;
          return (
            <dl class="facts">
              {(Object.keys(words) as (keyof typeof words)[]).map((key) => (
                <div key={key}>
                  <dt>{words[key]}</dt>
                  <dd>{countWords(account[key])}</dd>
                </div>
              ))}
            </dl>
          );
        }}
      </Loaded>
    </Panel>
  );
}
