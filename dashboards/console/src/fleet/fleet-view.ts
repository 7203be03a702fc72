/** Which devices are shown, and in what order. Pure. */
import type { PresenceState } from '../../../../schemas/presence-states.ts';
import { stateOrder } from './state-order.ts';
import type { DeviceSummary } from '../../../../schemas/api/devices.ts';

/** An empty text: not filtered by that. */
export interface Filters {
  /** Part of the id, type, site or of a label's value; upper and lower case alike. */
  q: string;
  type: string;
  site: string;
  /** `key=value`. */
  label: string;
  state: string;
  /** Where the twin stands. */
  twin: string;
}

export type SortKey = 'id' | 'state' | 'type' | 'site' | 'since' | 'data';

export interface Sort {
  key: SortKey;
  descending: boolean;
}

/** Whether that order changes while devices live. */
export function isLively({ key }: Sort): boolean {
  return key === 'state' || key === 'since' || key === 'data';
}

const natural = new Intl.Collator('en', { numeric: true });

/** All of them in this order; those that are equal in it by id. */
export function inOrder(rows: Iterable<DeviceSummary>, { key, descending }: Sort): DeviceSummary[] {
  const sign = descending ? -1 : 1;
  const compare = comparisons[key];
  return [...rows].toSorted((a, b) => sign * compare(a, b) || natural.compare(a.id, b.id));
}

const comparisons: Record<SortKey, (a: DeviceSummary, b: DeviceSummary) => number> = {
  id: (a, b) => natural.compare(a.id, b.id),
  type: (a, b) => natural.compare(a.type, b.type),
  site: (a, b) => natural.compare(a.site, b.site),
  state: (a, b) => stateOrder.indexOf(a.presence) - stateOrder.indexOf(b.presence),
  since: (a, b) => (a.sinceMs ?? 0) - (b.sinceMs ?? 0),
  data: (a, b) => (a.lastDataMs ?? 0) - (b.lastDataMs ?? 0),
};

/** The rows that pass all filters, in the order they come; and how many states those have that pass all but `state`. */
export function filtered(
  rows: readonly DeviceSummary[],
  filters: Filters,
): { shown: DeviceSummary[]; byState: Map<PresenceState, number> } {
  const passes = judge(filters);
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

function judge({ q, type, site, label, twin }: Filters): (row: DeviceSummary) => boolean {
  const part = q.trim().toLowerCase();
  const [key = '', value = ''] = label.split(/=(.*)/s, 2);
  return (row) =>
    (type === '' || row.type === type) &&
    (site === '' || row.site === site) &&
    (label === '' || row.labels[key] === value) &&
    (twin === '' || row.twin?.state === twin) &&
    (part === '' || mentions(row, part));
}

function mentions({ id, type, site, labels }: DeviceSummary, part: string): boolean {
  if (`${id} ${type} ${site}`.toLowerCase().includes(part)) return true;
  for (const key in labels) if (labels[key]?.toLowerCase().includes(part) === true) return true;
  return false;
}

/** What can be filtered by, in order. */
export interface Choices {
  types: string[];
  sites: string[];
  /** `key=value`. */
  labels: string[];
  /** Whether any of them has a twin. */
  twins: boolean;
}

export function choicesOf(rows: Iterable<DeviceSummary>): Choices {
  const types = new Set<string>();
  const sites = new Set<string>();
  const labels = new Set<string>();
  let twins = false;
  for (const row of rows) {
    types.add(row.type);
    sites.add(row.site);
    twins ||= row.twin !== undefined;
    for (const [key, value] of Object.entries(row.labels)) labels.add(`${key}=${value}`);
  }
  return { types: sorted(types), sites: sorted(sites), labels: sorted(labels).slice(0, mostLabels), twins };
}

/** Labels such as serial numbers are as many as devices: no list for picking. */
const mostLabels = 500;

function sorted(all: ReadonlySet<string>): string[] {
  return [...all].toSorted((a, b) => natural.compare(a, b));
}
