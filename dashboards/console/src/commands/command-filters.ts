import type { RequestTo } from '../../../../schemas/api/document/api.ts';
import type { CommandView } from '../../../../schemas/api/commands/commands.ts';
import { commandStatuses } from '../../../../schemas/command-status.ts';
import { typedTime } from '../time.ts';

/** The filters of the list of commands, as they stand in the page's address, so that a view can be sent to others. */
export interface CommandFilters {
  readonly device: string;
  readonly name: string;
  /** A status; or `open`, `ended`. */
  readonly status: string;
  /** As `<input type="datetime-local">` writes it, in the viewer's zone. */
  readonly from: string;
  readonly to: string;
}

const names = ['device', 'name', 'status', 'from', 'to'] as const;

export function readFilters(query: URLSearchParams): CommandFilters {
  const read = (key: (typeof names)[number]): string => query.get(key) ?? '';
  return {
    device: read('device'),
    name: read('name'),
    status: read('status'),
    from: read('from'),
    to: read('to'),
  };
}

/** The filters that say something, for the address. */
export function writeFilters(filters: CommandFilters): URLSearchParams {
  const query = new URLSearchParams();
  for (const key of names) if (filters[key] !== '') query.set(key, filters[key]);
  return query;
}

type Query = NonNullable<RequestTo<'GET /api/v1/commands'>['query']>;

/** The query of `GET /api/v1/commands` that answers these filters. @param before the `next` of the page before */
export function apiQuery(filters: CommandFilters, limit: number, before?: number): Query {
  const { device, name, status, from, to } = filters;
  return {
    limit,
    device: given(device),
    name: given(name),
    open: status === 'open' || status === 'ended' ? status === 'open' : undefined,
    status: commandStatuses.find((one) => one === status),
    fromMs: typedTime(from),
    toMs: typedTime(to),
    before,
  };
}

function given(text: string): string | undefined {
  return text === '' ? undefined : text;
}

type Matchable = Pick<CommandView, 'device' | 'name' | 'status' | 'final' | 'accepted'>;

/** Whether a command belongs into the list, as the hub decides it. */
export function matches(filters: CommandFilters, command: Matchable): boolean {
  const { device, name, status, from, to } = filters;
  const [fromMs = -Infinity, toMs = Infinity] = [typedTime(from), typedTime(to)];
  return (
    (device === '' || command.device === device) &&
    (name === '' || command.name === name) &&
    (status === '' ||
      (status === 'open'
        ? !command.final
        : status === 'ended'
          ? command.final
          : command.status === status)) &&
    command.accepted >= fromMs &&
    command.accepted < toMs
  );
}

/**
 * The list, newest first, after a command has changed: its row changes, or it comes to its place, or leaves the list.
 * The same list when nothing of it changes.
 */
export function merged<Row extends Matchable & { readonly id: string; readonly ts: number }>(
  rows: readonly Row[],
  live: Row,
  filters: CommandFilters,
): readonly Row[] {
  const at = rows.findIndex(({ device, id }) => device === live.device && id === live.id);
  const fits = matches(filters, live);
  if (at < 0) {
    if (!fits) return rows;
    const place = rows.findIndex(({ accepted }) => accepted <= live.accepted);
    // Older than all of them: of a page that is not shown.
    return place < 0 && rows.length > 0 ? rows : rows.toSpliced(Math.max(0, place), 0, live);
  }
  const known = rows[at];
  if (known === undefined || known.ts > live.ts) return rows;
  return fits ? rows.with(at, live) : rows.toSpliced(at, 1);
}
