import { AlarmTable } from '../alarms/alarm-table.tsx';
import { ask } from '../api.ts';
import { Panel } from '../components/panel.tsx';
import { Empty, Loaded } from '../components/states.tsx';
import { countOf } from '../number-words.ts';
import { useLive } from '../use-live.ts';
import { useLoad } from '../use-load.ts';

const shown = 5;

/** The newest alarms that are not closed. */
export function LatestAlarms() {
  const load = useLoad(
    (signal) =>
      ask('GET /api/v1/alarms', { query: { state: 'open', silenced: 'without', limit: shown }, signal }),
    [],
  );
  useLive('alarms', { message: load.reload, watching: load.reload });
  return (
    <Panel title="Alarms" aside={<a href="/alarms">All alarms</a>}>
      <Loaded load={load} what="the alarms">
        {({ alarms, counts }) =>
          alarms.length === 0 ? (
            <Empty title="No alarms" />
          ) : (
            <>
              <AlarmTable alarms={alarms} />
              {counts.raised > alarms.length && (
                <p class="quiet">{countOf(counts.raised, 'alarm')} open in all</p>
              )}
            </>
          )
        }
      </Loaded>
    </Panel>
  );
}
