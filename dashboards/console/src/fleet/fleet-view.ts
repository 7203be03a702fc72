/** Which devices are shown, and in what order. Pure. */
import type { PresenceState } from '../../../../schemas/presence-states.ts';
import { parseSearch, type Newest } from './search.ts';
import { stateOrder } from './state-order.ts';
import type { DeviceSummary } from '../../../../schemas/api/devices.ts';

/** An empty text: not filtered by that. */
export interface Filters {
  /** Words and conditions, as `parseSearch` reads them. */
  q: string;
  type: string;
  site: string;
  /** `key=value`. */
  label: string;
  state: string;
  /** Where the twin stands. */
  twin: string;
  firmware: string;
}

export const sortKeys = ['id', 'state', 'type', 'site', 'firmware', 'since', 'data'] as const;
export type SortKey = (typeof sortKeys)[number] | `value:${string}`;

export interface Sort {
  key: SortKey;
  descending: boolean;
}

/** Whether that order changes while devices live. */
export function isLively({ key }: Sort): boolean {
  return key === 'state' || key === 'since' || key === 'data' || key.startsWith('value:');
}

const noValues: ReadonlyMap<string, Newest> = new Map();
const natural = new Intl.Collator('en', { numeric: true });

/** All of them in this order; those that are equal in it by id. */
export function inOrder(
  rows: Iterable<DeviceSummary>,
  { key, descending }: Sort,
  newest: ReadonlyMap<string, Newest> = noValues,
): DeviceSummary[] {
  const sign = descending ? -1 : 1;
  const compare = key.startsWith('value:')
    ? byValue(key.slice('value:'.length), newest)
    : comparisons[key as keyof typeof comparisons];
  return [...rows].toSorted((a, b) => sign * compare(a, b) || natural.compare(a.id, b.id));
}

/** Devices without the value are the least. */
function byValue(
  field: string,
  newest: ReadonlyMap<string, Newest>,
): (a: DeviceSummary, b: DeviceSummary) => number {
  const textOf = ({ id }: DeviceSummary): string => String(newest.get(id)?.[field] ?? '');
  return (a, b) => {
    const [x, y] = [newest.get(a.id)?.[field], newest.get(b.id)?.[field]];
    if (typeof x === 'number' && typeof y === 'number') return x - y;
    return natural.compare(textOf(a), textOf(b));
  };
}

const comparisons: Record<(typeof sortKeys)[number], (a: DeviceSummary, b: DeviceSummary) => number> = {
  id: (a, b) => natural.compare(a.id, b.id),
  type: (a, b) => natural.compare(a.type, b.type),
  site: (a, b) => natural.compare(a.site, b.site),
  state: (a, b) => stateOrder.indexOf(a.presence) - stateOrder.indexOf(b.presence),
  firmware: (a, b) => natural.compare(a.firmware ?? '', b.firmware ?? ''),
  since: (a, b) => (a.sinceMs ?? 0) - (b.sinceMs ?? 0),
  data: (a, b) => (a.lastDataMs ?? 0) - (b.lastDataMs ?? 0),
};

/** The rows that pass all filters, in the order they come; and how many states those have that pass all but `state`. */
export function filtered(
  rows: readonly DeviceSummary[],
  filters: Filters,
  newest: ReadonlyMap<string, Newest> = noValues,
): { shown: DeviceSummary[]; byState: Map<PresenceState, number> } {
  const passes = judge(filters, newest);
  const { state } = filters;
  const byState = new Map<PresenceState, number>();
  const shown: DeviceSummary[] = [];
  for (const row of rows) {
    if (!passes(row)) continue;
    byState.set(row.presence, (byState.get(row.presence) ?? 0) + 1);
    if (state === '' || row.presence === state) shown.push(row);
  }
  return { shown, byState };
}

function judge(
  { q, type, site, label, twin, firmware }: Filters,
  newest: ReadonlyMap<string, Newest>,
): (row: DeviceSummary) => boolean {
  const search = parseSearch(q);
  const [key = '', value = ''] = label.split(/=(.*)/s, 2);
  return (row) =>
    (type === '' || row.type === type) &&
    (site === '' || row.site === site) &&
    (label === '' || row.labels[key] === value) &&
    (twin === '' || row.twin?.state === twin) &&
    (firmware === '' || row.firmware === firmware) &&
    search.passes(row, newest.get(row.id));
}

/** What can be filtered by, in order. */
export interface Choices {
  types: string[];
  sites: string[];
  /** `key=value`. */
  labels: string[];
  firmwares: string[];
  /** Whether any of them has a twin. */
  twins: boolean;
}

export function choicesOf(rows: Iterable<DeviceSummary>): Choices {
  const types = new Set<string>();
  const sites = new Set<string>();
  const labels = new Set<string>();
  const firmwares = new Set<string>();
  let twins = false;
  for (const row of rows) {
    types.add(row.type);
    sites.add(row.site);
    if (row.firmware !== undefined) firmwares.add(row.firmware);
    twins ||= row.twin !== undefined;
    for (const [key, value] of Object.entries(row.labels)) labels.add(`${key}=${value}`);
  }
  return {
    types: sorted(types),
    sites: sorted(sites),
    labels: sorted(labels).slice(0, mostLabels),
    firmwares: sorted(firmwares),
    twins,
  };
}

/** Labels such as serial numbers are as many as devices: no list for picking. */
const mostLabels = 500;

function sorted(all: ReadonlySet<string>): string[] {
  return [...all].toSorted((a, b) => natural.compare(a, b));
}
