import { ask } from '../api.ts';
import { Panel } from '../components/panel.tsx';
import { Empty, Loaded } from '../components/states.tsx';
import { isUnderWay, refreshMs } from '../firmware/rollout-list.tsx';
import { countsText, StateBar } from '../firmware/state-bar.tsx';
import { RolloutBadge } from '../firmware/update-badge.tsx';
import { texts } from '../texts/texts.ts';
import { useRepeatedLoad } from '../use-load.ts';

/** Rollouts that are under way, and the last one that was stopped. */
export function RolloutsNow() {
  const load = useRepeatedLoad(
    (signal) => ask('GET /api/v1/rollouts', { query: {}, signal }),
    [],
    () => refreshMs,
  );
  return (
    <Panel title={texts.common.firmware} aside={<a href="/firmware">{texts.overview.allRollouts}</a>}>
      <Loaded load={load} what={texts.overview.theRollouts}>
        {({ rollouts }) => {
          const now = rollouts.filter(
            (rollout, at) => isUnderWay(rollout) || (at === 0 && rollout.status === 'stopped'),
          );
          if (now.length === 0) return <Empty title={texts.overview.noRolloutIsUnderWay} />;
          return (
            <ul class="plain-list">
              {now.map(({ id, type, version, status, states }) => (
                <li key={id}>
                  <p>
                    <a href={`/firmware?id=${encodeURIComponent(id)}`}>
                      {type} {version}
                    </a>{' '}
                    <RolloutBadge status={status} />
                  </p>
                  <StateBar counts={states} />
                  <p class="quiet">{countsText(states)}</p>
                </li>
              ))}
            </ul>
          );
        }}
      </Loaded>
    </Panel>
  );
}
