import { Export } from '../components/export.tsx';
import { AlarmFilterBar, AlarmList, loadAlarms, loadAllAlarms } from '../alarms/alarm-list.tsx';
import { readFilters } from '../alarms/alarm-filters.ts';
import { SilencesPanel } from '../alarms/silences-panel.tsx';
import { Webhooks } from '../alarms/webhooks.tsx';
import { Tabs } from '../components/tabs.tsx';
import { mayAs } from '../session.ts';
import { Panel } from '../components/panel.tsx';
import { Loaded } from '../components/states.tsx';
import { query } from '../router.ts';
import { useLoad } from '../use-load.ts';

/** What is wrong, since when, and whether somebody deals with it. */
export function AlarmsPage() {
  if (!mayAs('admin')) return <Raised />;
  return query.value.get('view') === 'webhooks' ? (
    <>
      <header class="page-head">
        <h1>Alarms</h1>
        <Tabs label="Parts of alarms" views={views} />
      </header>
      <Webhooks />
    </>
  ) : (
    <Raised />
  );
}

const views = [
  ['', 'Raised'],
  ['webhooks', 'Webhooks'],
] as const;

function Raised() {
  const filters = readFilters(query.value);
  const key = JSON.stringify(filters);
  const load = useLoad((signal) => loadAlarms(filters, undefined, signal), [key]);
  return (
    <>
      <header class="page-head">
        <h1>Alarms</h1>
        {load.state.kind === 'loaded' && <Counts {...load.state.value.counts} />}
        {mayAs('admin') && <Tabs label="Parts of alarms" views={views} />}
      </header>
      <div class="columns">
        <div class="column">
          <Panel title="Raised" aside={<Export name="alarms" rows={() => loadAllAlarms(filters)} />}>
            <AlarmFilterBar filters={filters} />
            <Loaded load={load} what="the alarms">
              {(page) => <AlarmList key={key} page={page} filters={filters} reload={load.reload} />}
            </Loaded>
          </Panel>
        </div>
        <SilencesPanel onChange={load.reload} />
      </div>
    </>
  );
}

function Counts(counts: { raised: number; acknowledged: number; cleared: number; silenced: number }) {
  const { raised, acknowledged, cleared, silenced } = counts;
  return (
    <p class="quiet">
      {raised} open · {acknowledged} acknowledged · {cleared} over, not acknowledged · {silenced} silenced
    </p>
  );
}
