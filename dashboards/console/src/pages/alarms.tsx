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
import { texts } from '../texts/texts.ts';
import { useLoad } from '../use-load.ts';

/** What is wrong, since when, and whether somebody deals with it. */
export function AlarmsPage() {
  if (!mayAs('admin')) return <Raised />;
  return query.value.get('view') === 'webhooks' ? (
    <>
      <header class="page-head">
        <h1>{texts.common.alarms}</h1>
        <Tabs label={texts.alarms.partsOfAlarms} views={views} />
      </header>
      <Webhooks />
    </>
  ) : (
    <Raised />
  );
}

const views = [
  ['', texts.alarms.raised],
  ['webhooks', texts.alarms.webhooks],
] as const;

function Raised() {
  const filters = readFilters(query.value);
  const key = JSON.stringify(filters);
  const load = useLoad((signal) => loadAlarms(filters, undefined, signal), [key]);
  return (
    <>
      <header class="page-head">
        <h1>{texts.common.alarms}</h1>
        {load.state.kind === 'loaded' && <Counts {...load.state.value.counts} />}
        {mayAs('admin') && <Tabs label={texts.alarms.partsOfAlarms} views={views} />}
      </header>
      <div class="columns">
        <div class="column">
          <Panel
            title={texts.alarms.raised}
            aside={<Export name="alarms" rows={() => loadAllAlarms(filters)} />}
          >
            <AlarmFilterBar filters={filters} />
            <Loaded load={load} what={texts.alarms.theAlarms}>
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
  return <p class="quiet">{texts.alarms.counts(raised, acknowledged, cleared, silenced)}</p>;
}
