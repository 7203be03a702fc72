import type { ScheduleView } from '../../../../schemas/api/schedules.ts';
import { ask } from '../api.ts';
import { Panel } from '../components/panel.tsx';
import { Empty, Loaded } from '../components/states.tsx';
import { Age, Time, ZonedTime } from '../components/time.tsx';
import { useLoad } from '../use-load.ts';
import { actionWords } from './schedule-view.ts';

/** Schedules and their next times, read only; they are created on the command line. */
export function ScheduleList() {
  const load = useLoad((signal) => ask('GET /api/v1/schedules', { signal }), []);
  return (
    <Panel title="Schedules">
      <Loaded load={load} what="the schedules">
        {({ schedules }) =>
          schedules.length === 0 ? (
            <Empty title="No schedules">
              <p>
                To create one: <code>npm run hub -- schedule add --help</code>
              </p>
            </Empty>
          ) : (
            <ScheduleTable schedules={schedules} />
          )
        }
      </Loaded>
    </Panel>
  );
}

function ScheduleTable({ schedules }: { readonly schedules: readonly ScheduleView[] }) {
  return (
    <div class="table-scroll">
      <table class="table stacking">
        <caption class="visually-hidden">Schedules</caption>
        <thead>
          <tr>
            <th scope="col">Schedule</th>
            <th scope="col">Next</th>
            <th scope="col">When</th>
            <th scope="col">Action</th>
            <th scope="col">To</th>
            <th scope="col">Last</th>
          </tr>
        </thead>
        <tbody>
          {schedules.map((schedule) => (
            <tr key={schedule.name}>
              <th scope="row">{schedule.name}</th>
              <td data-head="Next">
                {schedule.paused ? <span class="badge tone-warn">paused</span> : <Next schedule={schedule} />}
              </td>
              <td>
                {schedule.atMs === undefined ? (
                  <>
                    <code>{schedule.cron}</code> <span class="quiet">{schedule.timeZone}</span>
                  </>
                ) : (
                  <>
                    once, <ZonedTime ms={schedule.atMs} timeZone={schedule.timeZone} />
                  </>
                )}
              </td>
              <td>{actionWords(schedule)}</td>
              <td data-head="To">
                <code>{schedule.to}</code>
              </td>
              <td data-head="Last">
                <Time ms={schedule.lastMs} none="never" /> <Outcome schedule={schedule} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Outcome({ schedule: { lastOutcome } }: { readonly schedule: ScheduleView }) {
  if (lastOutcome === undefined) return null;
  const { kind, reason } = lastOutcome;
  if (kind === 'sent' || kind === 'sending') return <span class="quiet">{kind}</span>;
  return (
    <>
      <span class={`badge ${kind === 'refused' ? 'tone-bad' : 'tone-warn'}`}>{kind}</span>{' '}
      {reason !== undefined && <span class="quiet">{reason}</span>}
    </>
  );
}

function Next({ schedule }: { readonly schedule: ScheduleView }) {
  if (schedule.nextMs === undefined) return <span class="quiet">finished</span>;
  return (
    <>
      <Time ms={schedule.nextMs} />{' '}
      <span class="quiet">
        (<Age ms={schedule.nextMs} />)
      </span>
    </>
  );
}
