import type { PresenceChange, PresenceHistory } from '../../../schemas/api/presence-history.ts';
import { presenceStates, type PresenceState } from '../../../schemas/presence-states.ts';
import type { MetricsReader, ReadingsRow } from '../store.ts';

/** Points per read, and reads at most: there are snapshots between the changes, and changes are few. */
const pageRows = 5_000;
const maxPages = 100;

export interface PresenceHistoryQuery {
  device: string;
  /** Unix ms; the end is exclusive. */
  fromMs: number;
  toMs: number;
  limit: number;
}

/**
 * A device's changes of presence, from the store's measurement `presence`.
 * @returns a function that throws HubError `store-unavailable`
 */
export function createPresenceHistory(
  store: Pick<MetricsReader, 'readings'>,
): (query: PresenceHistoryQuery) => Promise<PresenceHistory> {
  const read = (query: Omit<Parameters<typeof store.readings>[0], 'measurement'>): Promise<ReadingsRow[]> =>
    store.readings({ measurement: 'presence', ...query });
  return async ({ device, fromMs, toMs, limit }) => {
    const [before] = await read({ device, fromMs: 0, toMs: fromMs, limit: 1, take: 'last' });
    const changes: PresenceChange[] = [];
    const stateBefore = before === undefined ? null : stateOf(before);
    let last = before;
    let next = fromMs;
    for (let page = 0; page < maxPages; page += 1) {
      const rows = await read({ device, fromMs: next, toMs, limit: pageRows, take: 'first' });
      for (const row of rows) {
        if (isSame(row, last)) continue;
        last = row;
        changes.push({ timeMs: row.timeMs, state: stateOf(row), reason: text(row, 'reason') });
        if (changes.length === limit) return { changes, stateBefore };
      }
      const end = rows.at(-1);
      if (end === undefined || rows.length < pageRows) break;
      // Times are whole microseconds.
      next = end.timeMs + 0.001;
    }
    return { changes, stateBefore };
  };
}

/** A snapshot repeats the last change. */
function isSame(row: ReadingsRow, last: ReadingsRow | undefined): boolean {
  if (last === undefined) return false;
  return ['state', 'epoch', 'n'].every((name) => row.fields[name] === last.fields[name]);
}

function text({ fields }: ReadingsRow, name: string): string {
  return String(fields[name] ?? '');
}

/** `unknown` for a state that another release of the hub wrote and this one does not have. */
function stateOf(row: ReadingsRow): PresenceState {
  const written = text(row, 'state');
  return presenceStates.find((state) => state === written) ?? 'unknown';
}
