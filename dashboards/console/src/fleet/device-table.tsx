import { useCallback, useMemo } from 'preact/hooks';
import type { DeviceSummary } from '../../../../schemas/api/devices.ts';
import { VirtualTable, type Column } from '../components/virtual-table.tsx';
import { setQuery } from '../router.ts';
import { texts } from '../texts/texts.ts';
import { narrow } from '../viewport.ts';
import type { DeviceColumn } from './columns.tsx';
import type { Sort } from './fleet-view.ts';

/** Must equal the heights in the style sheet, px. */
const rowHeight = 40;
const narrowRowHeight = 68;

/** Devices that somebody has chosen. */
export interface Chosen {
  readonly ids: ReadonlySet<string>;
  readonly set: (ids: ReadonlySet<string>) => void;
}

interface DeviceTableProps {
  rows: readonly DeviceSummary[];
  columns: readonly DeviceColumn[];
  sort: Sort;
  chosen: Chosen;
}

export function DeviceTable({ rows, columns, sort, chosen }: DeviceTableProps) {
  const all: readonly Column<DeviceSummary>[] = [useChoosing(rows, chosen), ...columns];
  const grid = useMemo(() => gridOf(columns), [columns]);
  return (
    <VirtualTable
      label={texts.common.devices}
      name="fleet-table"
      grid={narrow.value ? undefined : grid}
      columns={all}
      rows={rows}
      rowKey={({ id }) => id}
      rowStamp={stampOf}
      rowHeight={narrow.value ? narrowRowHeight : rowHeight}
      sort={sort}
      onSort={(key) => setQuery({ sort: nextSort(key, sort) })}
    />
  );
}

/** Of the grid, and how wide a row is at least. */
function gridOf(columns: readonly DeviceColumn[]): { template: string; minWidth: string } {
  const tracks = columns.map(({ rem, share }) =>
    share === 0 ? `${rem}rem` : `minmax(${rem}rem, ${share}fr)`,
  );
  const rem = columns.reduce((sum, column) => sum + column.rem + 1, 4);
  return { template: `1.25rem ${tracks.join(' ')}`, minWidth: `${rem}rem` };
}

/** What the live feed changes of a row in place. */
function stampOf({ presence, sinceMs, lastDataMs }: DeviceSummary): string {
  return `${presence} ${sinceMs} ${lastDataMs}`;
}

function useChoosing(rows: readonly DeviceSummary[], { ids, set }: Chosen): Column<DeviceSummary> {
  const every = rows.length > 0 && rows.every(({ id }) => ids.has(id));
  const cell = useCallback(
    ({ id }: DeviceSummary) => (
      <input
        type="checkbox"
        aria-label={texts.fleet.chooseId(id)}
        checked={ids.has(id)}
        onChange={({ currentTarget }) => {
          const next = new Set(ids);
          if (currentTarget.checked) next.add(id);
          else next.delete(id);
          set(next);
        }}
      />
    ),
    [ids, set],
  );
  return {
    key: 'choose',
    head: (
      <input
        type="checkbox"
        aria-label={texts.fleet.chooseAllThatAreListed}
        checked={every}
        onChange={() => set(every ? new Set() : new Set(rows.map(({ id }) => id)))}
      />
    ),
    cell,
  };
}

/** The first click sorts ascending, the next one descending. Ascending by id is the default and leaves no query. */
function nextSort(key: string, { key: now, descending }: Sort): string {
  if (key === now && !descending) return `-${key}`;
  return key === 'id' ? '' : key;
}
