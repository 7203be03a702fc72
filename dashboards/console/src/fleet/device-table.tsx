import { StateBadge } from '../components/state-badge.tsx';
import { Age } from '../components/time.tsx';
import { VirtualTable, type Column } from '../components/virtual-table.tsx';
import { fullTime } from '../time.ts';
import { setQuery } from '../router.ts';
import { narrow } from '../viewport.ts';
import type { DeviceSummary } from '../../../../schemas/api/devices.ts';
import type { Sort } from './fleet-view.ts';

/** Must equal the heights in the style sheet, px. */
const rowHeight = 40;
const narrowRowHeight = 68;

const columns: readonly Column<DeviceSummary>[] = [
  { key: 'state', head: 'State', sortable: true, cell: ({ presence }) => <StateBadge state={presence} /> },
  {
    key: 'id',
    head: 'Device',
    sortable: true,
    cell: ({ id }) => <a href={`/devices/${encodeURIComponent(id)}`}>{id}</a>,
  },
  { key: 'type', head: 'Type', sortable: true, cell: ({ type }) => type },
  { key: 'site', head: 'Site', sortable: true, cell: ({ site }) => site },
  { key: 'labels', head: 'Labels', cell: ({ labels }) => <Labels labels={labels} /> },
  { key: 'firmware', head: 'Firmware', cell: (row) => <Firmware row={row} /> },
  {
    key: 'since',
    head: 'State since',
    sortable: true,
    cell: ({ sinceMs }) => <Age ms={sinceMs} none="–" />,
  },
  { key: 'data', head: 'Last data', sortable: true, cell: ({ lastDataMs }) => <Age ms={lastDataMs} /> },
];

export function DeviceTable({ rows, sort }: { rows: readonly DeviceSummary[]; sort: Sort }) {
  return (
    <VirtualTable
      label="Devices"
      name="fleet-table"
      columns={columns}
      rows={rows}
      rowKey={({ id }) => id}
      rowHeight={narrow.value ? narrowRowHeight : rowHeight}
      sort={sort}
      onSort={(key) => setQuery({ sort: nextSort(key, sort) })}
    />
  );
}

/** The first click sorts ascending, the next one descending. Ascending by id is the default and leaves no query. */
function nextSort(key: string, { key: now, descending }: Sort): string {
  if (key === now && !descending) return `-${key}`;
  return key === 'id' ? '' : key;
}

/** Quiet when the device is not connected: it may have another one by now. */
function Firmware({ row: { firmware, firmwareHeardMs } }: { row: DeviceSummary }) {
  if (firmware === undefined) return <span class="quiet">–</span>;
  if (firmwareHeardMs === undefined) return <>{firmware}</>;
  return (
    <span class="quiet" title={`last known, ${fullTime(firmwareHeardMs)}`}>
      {firmware}
    </span>
  );
}

function Labels({ labels }: { labels: DeviceSummary['labels'] }) {
  return (
    <>
      {Object.entries(labels).map(([key, value]) => (
        <span key={key} class="label" title={`${key}=${value}`}>
          <span class="quiet">{key}=</span>
          {value}
        </span>
      ))}
    </>
  );
}
