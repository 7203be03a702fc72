import { Panel } from '../components/panel.tsx';
import { Loaded } from '../components/states.tsx';
import { texts } from '../texts/texts.ts';
import { useLoad } from '../use-load.ts';
import { AlarmList, loadAlarms } from './alarm-list.tsx';
import type { AlarmFilters } from './alarm-filters.ts';

/** The alarms of one device that are not closed. */
export function DeviceAlarms({ device }: { readonly device: string }) {
  const filters: AlarmFilters = { state: 'open', severity: '', kind: '', device, silenced: 'with' };
  const load = useLoad((signal) => loadAlarms(filters, undefined, signal), [device]);
  const all = (
    <a href={`/alarms?state=closed&silenced=with&device=${encodeURIComponent(device)}`}>
      {texts.alarms.closedOnes}
    </a>
  );
  return (
    <Panel title={texts.common.alarms} aside={all}>
      <Loaded load={load} what={texts.alarms.theAlarms}>
        {(page) => <AlarmList page={page} filters={filters} reload={load.reload} ofOneDevice />}
      </Loaded>
    </Panel>
  );
}
