/** What stands beside the names of pages, on every page: what is wrong, and where more of it is seen. */
import type { ComponentType } from 'preact';
import { useOpenAlarms } from '../alarms/open-alarms.ts';
import { ask } from '../api.ts';
import { useIncidents } from '../incidents/use-incidents.ts';
import { countWords } from '../number-words.ts';
import { paths } from '../paths.ts';
import { useWaiting } from '../registration/use-waiting.ts';
import { texts } from '../texts/texts.ts';
import { useRepeatedLoad } from '../use-load.ts';

/** By the path of the page. */
export const marks: Readonly<Record<string, ComponentType>> = {
  [paths.overview]: OpenIncidents,
  [paths.devices]: DevicesWaiting,
  [paths.alarms]: OpenAlarms,
  [paths.hub]: PartsDown,
};

function OpenIncidents() {
  const count = useIncidents().incidents.filter(({ state }) => state === 'open').length;
  return <Mark count={count} words={count === 1 ? texts.shell.incidentOpen : texts.shell.incidentsOpen} />;
}

function DevicesWaiting() {
  const count = useWaiting();
  return (
    <Mark count={count} words={count === 1 ? texts.shell.waitsForApproval : texts.shell.waitForApproval} />
  );
}

function OpenAlarms() {
  return <Mark count={useOpenAlarms() ?? 0} words={texts.shell.thatNobodyHasAcknowledged} />;
}

/** How often the hub is asked whether all its parts are well, ms. */
const healthMs = 10_000;

function PartsDown() {
  const { state } = useRepeatedLoad(
    (signal) => ask('GET /readyz', { signal }),
    [],
    () => healthMs,
  );
  // The mark of the live feed says that the hub is away.
  if (state.kind !== 'loaded') return null;
  const { degraded } = state.value;
  const words =
    degraded.length === 1
      ? texts.shell.partDown(degraded.join())
      : texts.shell.partsDown(degraded.join(', '));
  return <Mark count={degraded.length} words={words} />;
}

function Mark({ count, words }: { count: number; words: string }) {
  if (count === 0) return null;
  return (
    <>
      {' '}
      <span class="nav-count" title={`${countWords(count)} ${words}`}>
        {count > 999 ? '999+' : count}
        <span class="visually-hidden"> {words}</span>
      </span>
    </>
  );
}
