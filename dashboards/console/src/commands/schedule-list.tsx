import { Export } from '../components/export.tsx';
import type { ScheduleRun, ScheduleView } from '../../../../schemas/api/commands/schedules.ts';
import { ask } from '../api.ts';
import { Panel } from '../components/panel.tsx';
import { Empty, Loaded } from '../components/states.tsx';
import { Age, Time, ZonedTime } from '../components/time.tsx';
import { texts } from '../texts/texts.ts';
import { useLoad } from '../use-load.ts';
import { useCommandWords } from './command-names.ts';
import { NewSchedule } from './new-schedule.tsx';
import { ScheduleChanges } from './schedule-changes.tsx';
import { mayAs } from '../session.ts';
import { ScheduleOutcome } from './schedule-outcome.tsx';
import { actionWords } from './schedule-view.ts';

/** Schedules, their next times and what became of the last one; for administrators, a new one. */
export function ScheduleList() {
  const load = useLoad((signal) => ask('GET /api/v1/schedules', { signal }), []);
  return (
    <div class={mayAs('admin') ? 'columns' : undefined}>
      <Panel
        title={texts.commands.schedules}
        aside={
          <Export name="schedules" rows={async () => (await ask('GET /api/v1/schedules', {})).schedules} />
        }
      >
        <Loaded load={load} what={texts.commands.theSchedules}>
          {({ schedules }) =>
            schedules.length === 0 ? (
              <Empty title={texts.commands.noSchedules}>
                <p>{texts.commands.scheduleSendsACommand}</p>
              </Empty>
            ) : (
              <ScheduleTable schedules={schedules} reload={load.reload} />
            )
          }
        </Loaded>
      </Panel>
      {mayAs('admin') && <NewSchedule onAdded={load.reload} />}
    </div>
  );
}

interface ScheduleTableProps {
  readonly schedules: readonly ScheduleView[];
  readonly reload: () => void;
}

function ScheduleTable({ schedules, reload }: ScheduleTableProps) {
  const wordsOf = useCommandWords();
  return (
    <div class="table-scroll">
      <table class="table stacking">
        <caption class="visually-hidden">{texts.commands.schedules}</caption>
        <thead>
          <tr>
            <th scope="col">{texts.commands.schedule}</th>
            <th scope="col">{texts.commands.next}</th>
            <th scope="col">{texts.commands.when}</th>
            <th scope="col">{texts.commands.action}</th>
            <th scope="col">{texts.common.to}</th>
            <th scope="col">{texts.commands.last}</th>
            <th scope="col">{texts.commands.do}</th>
          </tr>
        </thead>
        <tbody>
          {schedules.map((schedule) => (
            <tr key={schedule.name}>
              <th scope="row">{schedule.name}</th>
              <td data-head={texts.commands.next}>
                {schedule.paused ? (
                  <span class="badge tone-warn">{texts.commands.paused}</span>
                ) : (
                  <Next schedule={schedule} />
                )}
              </td>
              <td>
                {schedule.atMs === undefined ? (
                  <>
                    <code>{schedule.cron}</code> <span class="quiet">{schedule.timeZone}</span>
                  </>
                ) : (
                  texts.commands.onceAtMs(<ZonedTime ms={schedule.atMs} timeZone={schedule.timeZone} />)
                )}
              </td>
              <td>{actionWords(schedule, wordsOf)}</td>
              <td data-head={texts.common.to}>
                <code>{schedule.to}</code>
              </td>
              <td data-head={texts.commands.last}>
                <Time ms={schedule.lastMs} none={texts.commands.never} />{' '}
                <ScheduleOutcome outcome={lastRun(schedule)} />
              </td>
              <td data-head={texts.commands.do}>
                <ScheduleChanges schedule={schedule} onChange={reload} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Next({ schedule }: { readonly schedule: ScheduleView }) {
  if (schedule.nextMs === undefined) return <span class="quiet">{texts.commands.finished}</span>;
  return (
    <>
      <Time ms={schedule.nextMs} />{' '}
      <span class="quiet">
        (<Age ms={schedule.nextMs} />)
      </span>
    </>
  );
}

/** Its last time; of a schedule of an earlier version only the outcome is known. */
function lastRun({
  runs = [],
  lastMs,
  lastOutcome,
}: ScheduleView): ScheduleRun | ScheduleView['lastOutcome'] {
  return runs.find(({ atMs }) => atMs === lastMs) ?? lastOutcome;
}
