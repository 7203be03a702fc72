import type { DeviceSummary } from '../../../../schemas/api/devices.ts';
import { StateBadge } from '../components/state-badge.tsx';
import { Age } from '../components/time.tsx';
import type { Column } from '../components/virtual-table.tsx';
import { texts } from '../texts/texts.ts';
import { fullTime } from '../time.ts';
import type { NewestInView } from './use-newest.ts';

/** A column of the device list, with how wide it is. */
export interface DeviceColumn extends Column<DeviceSummary> {
  /** Of the grid: at least so many rem, and a share of what is left. */
  readonly rem: number;
  readonly share: number;
}

/** Those that are always known. The first two cannot be left out. */
const fixed: readonly DeviceColumn[] = [
  {
    key: 'state',
    head: texts.common.state,
    sortable: true,
    rem: 7.25,
    share: 0,
    cell: ({ presence }) => <StateBadge state={presence} />,
  },
  {
    key: 'id',
    head: texts.common.device,
    sortable: true,
    rem: 8,
    share: 1.4,
    cell: ({ id }) => <a href={`/devices/${encodeURIComponent(id)}`}>{id}</a>,
  },
  { key: 'type', head: texts.common.type, sortable: true, rem: 7, share: 1, cell: ({ type }) => type },
  { key: 'site', head: texts.fleet.site, sortable: true, rem: 5, share: 0.8, cell: ({ site }) => site },
  {
    key: 'labels',
    head: texts.fleet.labels,
    rem: 6,
    share: 1.4,
    cell: ({ labels }) => <Labels labels={labels} />,
  },
  {
    key: 'firmware',
    head: texts.common.firmware,
    sortable: true,
    rem: 4.5,
    share: 0.6,
    cell: (row) => <Firmware row={row} />,
  },
  {
    key: 'since',
    head: texts.fleet.stateSince,
    sortable: true,
    rem: 7,
    share: 0,
    cell: ({ sinceMs }) => <Age ms={sinceMs} none="–" />,
  },
  {
    key: 'data',
    head: texts.fleet.lastData,
    sortable: true,
    rem: 6.5,
    share: 0,
    cell: ({ lastDataMs }) => <Age ms={lastDataMs} />,
  },
];

export const fixedKeys = fixed.map(({ key }) => key);

/** Of the address: `state,id,value:battery`; empty: the fixed ones. */
export function chosenKeys(text: string): string[] {
  const chosen = text.split(',').filter((key) => fixedKeys.includes(key) || /^value:./.test(key));
  return chosen.length === 0 ? [...fixedKeys] : [...new Set(['state', 'id', ...chosen])];
}

/** The fields of which these columns show the newest value. */
export function fieldsOf(keys: readonly string[]): string[] {
  return keys.filter((key) => key.startsWith('value:')).map((key) => key.slice('value:'.length));
}

export function columnsOf(keys: readonly string[], { values }: NewestInView): DeviceColumn[] {
  return keys.flatMap((key) => {
    const known = fixed.find((column) => column.key === key);
    if (known !== undefined) return [known];
    const [field = ''] = fieldsOf([key]);
    const cell = ({ id }: DeviceSummary) => {
      const value = values.get(id)?.[field];
      return value === undefined ? <span class="quiet">–</span> : String(value);
    };
    return [{ key, head: field, sortable: true, rem: 6, share: 0.6, cell }];
  });
}

/** Quiet when the device is not connected: it may have another one by now. */
function Firmware({ row: { firmware, firmwareHeardMs } }: { row: DeviceSummary }) {
  if (firmware === undefined) return <span class="quiet">–</span>;
  if (firmwareHeardMs === undefined) return <>{firmware}</>;
  return (
    <span class="quiet" title={texts.fleet.lastKnownFirmwareHeardMs(fullTime(firmwareHeardMs))}>
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
