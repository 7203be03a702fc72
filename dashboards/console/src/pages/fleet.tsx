import { useMemo } from 'preact/hooks';
import { Empty, Failed, Loading } from '../components/states.tsx';
import { Sparkline } from '../components/sparkline.tsx';
import { DeviceTable } from '../fleet/device-table.tsx';
import { FilterBar } from '../fleet/filter-bar.tsx';
import {
  choicesOf,
  filtered,
  inOrder,
  isLively,
  type Filters,
  type Sort,
  type SortKey,
} from '../fleet/fleet-view.ts';
import { IncidentsPanel } from '../fleet/incidents-panel.tsx';
import { StateCounts } from '../fleet/state-counts.tsx';
import { rateSeconds, useFleet, type FleetInView } from '../fleet/use-fleet.ts';
import { query } from '../router.ts';
import { nowMs } from '../now.ts';

/** How often an order that changes by itself is applied again: rows that jump cannot be read. */
const reorderMs = 2_000;

export function FleetPage() {
  const view = useFleet();
  return (
    <>
      <header class="page-head">
        <h1>Fleet</h1>
        <MessageRate view={view} />
      </header>
      <IncidentsPanel />
      <Devices view={view} />
    </>
  );
}

function MessageRate({ view }: { view: FleetInView }) {
  const { value: rates } = view.rates;
  const latest = rates.at(-1);
  if (latest === undefined) return null;
  const text = `${latest.toLocaleString(undefined, { maximumFractionDigits: latest < 10 ? 1 : 0 })} messages/s`;
  return (
    <p class="rate">
      <Sparkline
        values={rates}
        capacity={rateSeconds}
        label={`Messages per second, the last minute; now ${text}`}
      />
      <span>{text}</span>
    </p>
  );
}

function Devices({ view }: { view: FleetInView }) {
  const { fleet } = view;
  // Rendered again when rows have changed.
  const version = view.version.value;
  const filters = filtersOf(query.value);
  const sort = sortOf(query.value);
  const lively = isLively(sort) ? Math.floor(nowMs.value / reorderMs) : 0;
  const ordered = useMemo(
    () => inOrder(fleet.values(), sort),
    [fleet.structure, sort.key, sort.descending, lively],
  );
  const choices = useMemo(() => choicesOf(fleet.values()), [fleet.structure]);
  const { shown, byState } = useMemo(
    () => filtered(ordered, filters),
    [ordered, version, ...Object.values(filters)],
  );
  const { value: load } = view.load;

  if (fleet.size === 0) {
    if (load.kind === 'loading') return <Loading what="the fleet" />;
    if (load.kind === 'failed') return <Failed what="the fleet" error={load.error} retry={view.reload} />;
    return (
      <Empty title="No devices yet">
        <p>
          Register the first one: <code>npm run hub -- device add d-1 --type env-sensor@1</code>
        </p>
      </Empty>
    );
  }
  return (
    <>
      {load.kind === 'failed' && <Failed what="all of the fleet" error={load.error} retry={view.reload} />}
      <StateCounts byState={byState} chosen={filters.state} />
      <FilterBar filters={filters} choices={choices} shown={shown.length} of={fleet.size} />
      {shown.length === 0 ? (
        <Empty title="No device matches these filters" />
      ) : (
        <DeviceTable rows={shown} sort={sort} />
      )}
    </>
  );
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
  };
}

const sortKeys: readonly SortKey[] = ['id', 'state', 'type', 'site', 'since', 'data'];

/** `sort=data` or `sort=-data`; by id when the value is missing or unknown. */
function sortOf(asked: URLSearchParams): Sort {
  const given = asked.get('sort') ?? '';
  const descending = given.startsWith('-');
  const key = sortKeys.find((known) => known === given.slice(descending ? 1 : 0));
  return key === undefined ? { key: 'id', descending: false } : { key, descending };
}
