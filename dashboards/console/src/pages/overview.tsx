import { Failed, Loading } from '../components/states.tsx';
import { useHub } from '../hub-state/use-hub.ts';
import { IncidentsPanel } from '../incidents/incidents-panel.tsx';
import { ByGroup } from '../overview/by-group.tsx';
import { FirstSteps } from '../overview/first-steps.tsx';
import { FleetNow } from '../overview/fleet-now.tsx';
import { LatestAlarms } from '../overview/latest-alarms.tsx';
import { LastHour } from '../overview/last-hour.tsx';
import { seesAll } from '../session.ts';
import { Rates } from '../overview/rates.tsx';
import { RolloutsNow } from '../overview/rollouts-now.tsx';
import { texts } from '../texts/texts.ts';

/** How everything is, with a way from each number to the list behind it. */
export function OverviewPage() {
  const { course, fault, load } = useHub();
  const hub = course.at(-1);
  if (hub === undefined && fault !== undefined)
    return <Failed what={texts.overview.theHubsState} error={fault} retry={load} />;
  if (hub === undefined) return <Loading what={texts.overview.theOverview} />;
  return (
    <>
      <header class="page-head">
        <h1>{texts.overview.overview}</h1>
        <Rates course={course} />
      </header>
      <IncidentsPanel />
      {hub.devices.total === 0 ? (
        <FirstSteps />
      ) : (
        <>
          <FleetNow hub={hub} />
          <ByGroup />
          <div class="columns">
            <LatestAlarms />
            <RolloutsNow />
          </div>
          {seesAll() && <LastHour />}
        </>
      )}
    </>
  );
}
