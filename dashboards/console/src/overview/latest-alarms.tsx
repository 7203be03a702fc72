import { AlarmTable } from '../alarms/alarm-table.tsx';
import { ask } from '../api.ts';
import { Panel } from '../components/panel.tsx';
import { Empty, Loaded } from '../components/states.tsx';
import { texts } from '../texts/texts.ts';
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
    <Panel title={texts.common.alarms} aside={<a href="/alarms">{texts.overview.allAlarms}</a>}>
      <Loaded load={load} what={texts.overview.theAlarms}>
        {({ alarms, counts }) =>
          alarms.length === 0 ? (
            <Empty title={texts.alarms.noAlarmsNothingIsWrong} />
          ) : (
            <>
              <AlarmTable alarms={alarms} />
              {counts.raised > alarms.length && (
                <p class="quiet">{texts.overview.openInAll(texts.counts.alarms(counts.raised))}</p>
              )}
            </>
          )
        }
      </Loaded>
    </Panel>
  );
}
