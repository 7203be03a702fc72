import { Export } from '../components/export.tsx';
import { useMemo, useState } from 'preact/hooks';
import { Empty, Failed, Loading } from '../components/states.tsx';
import { BulkBar } from '../fleet/bulk-bar.tsx';
import { ColumnChooser } from '../fleet/column-chooser.tsx';
import { chosenKeys, columnsOf, fieldsOf } from '../fleet/columns.tsx';
import { SavedViews } from '../fleet/saved-views.tsx';
import { parseSearch } from '../fleet/search.ts';
import { useNewest } from '../fleet/use-newest.ts';
import { DeviceTable } from '../fleet/device-table.tsx';
import { FilterBar } from '../fleet/filter-bar.tsx';
import {
  choicesOf,
  filtered,
  inOrder,
  isLively,
  sortKeys,
  type Filters,
  type Sort,
} from '../fleet/fleet-view.ts';
import { StateCounts } from '../fleet/state-counts.tsx';
import { useFleet, type FleetInView } from '../fleet/use-fleet.ts';
import { query } from '../router.ts';
import { AddDevices } from '../registration/add-devices.tsx';
import { Enrolment } from '../registration/enrolment.tsx';
import { Tabs } from '../components/tabs.tsx';
import { mayAs } from '../session.ts';
import { nowMs } from '../now.ts';
import { texts } from '../texts/texts.ts';

/** How often an order that changes by itself is applied again: rows that jump cannot be read. */
const reorderMs = 2_000;

/** All devices: counted by state, searched, filtered and in order. */
export function DevicesPage() {
  const view = query.value.get('view') ?? '';
  const isAdmin = mayAs('admin');
  return (
    <>
      <header class="page-head">
        <h1>{texts.common.devices}</h1>
        {isAdmin && <Tabs label={texts.fleet.partsOfDevices} views={views} />}
      </header>
      {isAdmin && view === 'add' && <AddDevices />}
      {isAdmin && view === 'enrolment' && <Enrolment />}
      {(!isAdmin || (view !== 'add' && view !== 'enrolment')) && <List />}
    </>
  );
}

const views = [
  ['', texts.fleet.all],
  ['add', texts.fleet.add],
  ['enrolment', texts.fleet.enrolment],
] as const;

function List() {
  return <Devices view={useFleet()} />;
}

function Devices({ view }: { view: FleetInView }) {
  const { fleet } = view;
  const [ids, set] = useState<ReadonlySet<string>>(new Set());
  const { shown, byState, filters, sort, keys, newest, choices } = useShown(view);
  const columns = useMemo(() => columnsOf(keys, newest), [keys.join(','), newest]);
  const { value: load } = view.load;

  if (fleet.size === 0) {
    if (load.kind === 'loading') return <Loading what={texts.fleet.theFleet} />;
    if (load.kind === 'failed')
      return <Failed what={texts.fleet.theFleet} error={load.error} retry={view.reload} />;
    return (
      <Empty title={texts.fleet.noDevicesYet}>
        {mayAs('admin') ? (
          <a href="/devices?view=add">{texts.fleet.addTheFirstOne}</a>
        ) : (
          <p>{texts.fleet.administratorAddsThem}</p>
        )}
      </Empty>
    );
  }
  return (
    <>
      {load.kind === 'failed' && (
        <Failed what={texts.fleet.allOfTheFleet} error={load.error} retry={view.reload} />
      )}
      <StateCounts byState={byState} chosen={filters.state} />
      <FilterBar filters={filters} choices={choices} shown={shown.length} of={fleet.size}>
        <ColumnChooser keys={keys} fields={newest.fields} />
        <SavedViews />
        <Export name="devices" rows={() => shown.map((row) => ({ ...row, ...newest.values.get(row.id) }))} />
      </FilterBar>
      {ids.size > 0 && (
        <BulkBar
          devices={[...fleet.values()].filter(({ id }) => ids.has(id))}
          onClear={() => set(new Set())}
        />
      )}
      {shown.length === 0 && load.kind === 'loading' ? (
        <Loading what={texts.fleet.theFleet} />
      ) : shown.length === 0 ? (
        <Empty title={texts.fleet.noDeviceMatchesTheseFilters} />
      ) : (
        <DeviceTable rows={shown} columns={columns} sort={sort} chosen={{ ids, set }} />
      )}
    </>
  );
}

/** The rows that the address asks for, in its order, with what its columns and its search need. */
function useShown(view: FleetInView) {
  const { fleet } = view;
  // Rendered again when rows have changed.
  const version = view.version.value;
  const filters = filtersOf(query.value);
  const sort = sortOf(query.value);
  const keys = chosenKeys(query.value.get('cols') ?? '');
  const newest = useNewest([
    ...new Set([...fieldsOf(keys), ...parseSearch(filters.q).fields, ...fieldsOf([sort.key])]),
  ]);
  const lively = isLively(sort) ? Math.floor(nowMs.value / reorderMs) : 0;
  const ordered = useMemo(
    () => inOrder(fleet.values(), sort, newest.values),
    [fleet.structure, sort.key, sort.descending, lively],
  );
  const choices = useMemo(() => choicesOf(fleet.values()), [fleet.structure]);
  const { shown, byState } = useMemo(
    () => filtered(ordered, filters, newest.values),
    [ordered, version, newest, ...Object.values(filters)],
  );
  return { shown, byState, filters, sort, keys, newest, choices };
}

function filtersOf(asked: URLSearchParams): Filters {
  const text = (name: string): string => asked.get(name) ?? '';
  return {
    q: text('q'),
    type: text('type'),
    site: text('site'),
    label: text('label'),
    state: text('state'),
    twin: text('twin'),
    firmware: text('firmware'),
  };
}

/** `sort=data` or `sort=-data`; by id when the value is missing or unknown. */
function sortOf(asked: URLSearchParams): Sort {
  const given = asked.get('sort') ?? '';
  const descending = given.startsWith('-');
  const name = given.slice(descending ? 1 : 0);
  const key = sortKeys.find((known) => known === name);
  if (key !== undefined) return { key, descending };
  if (name.startsWith('value:')) return { key: name as `value:${string}`, descending };
  return { key: 'id', descending: false };
}
