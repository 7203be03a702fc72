import type { Acknowledged, AlarmPage, AlarmQuery, NewSilence, Silence } from '../../schemas/api/alarms.ts';
import type { Requester } from '../../schemas/api/requester.ts';
import { parseSelector, selects, type Selectable } from '../registry/selector.ts';
import type { MayShow } from '../registry/visibility.ts';
import { isOpen } from './alarm.ts';
import { isVisible, viewOf, type KeptAlarm } from './alarm-view.ts';
import type { AcknowledgeRequest, Alarms } from './alarms.ts';
import type { Silences } from './silences.ts';

interface Deps {
  alarms: Alarms;
  silences: Silences;
  recordOf: (device: string) => Selectable | undefined;
}

/** Alarms as operators see them and deal with them, for interfaces that answer a caller directly. */
export interface AlarmOperations {
  /** @throws HubError `input-invalid` for anything but a selector */
  list(query: AlarmQuery, mayShow?: MayShow): AlarmPage;
  /** Resolves once it is on disk. @throws HubError `database-failed` */
  acknowledge(request: AcknowledgeRequest): Promise<Acknowledged>;
  silences(mayShow?: MayShow): Silence[];
  /** @throws HubError `input-invalid` · `database-failed` */
  silence(silence: NewSilence, requester: Requester): Promise<Silence>;
  /** @throws HubError `silence-unknown` · `database-failed` */
  endSilence(id: string): Promise<void>;
}

export function createAlarmOperations({ alarms, silences, recordOf }: Deps): AlarmOperations {
  return {
    list(query, mayShow) {
      const { before = Infinity, limit, device } = query;
      const passes = filterOf(query, recordOf);
      const found: KeptAlarm[] = [];
      for (const kept of device === undefined ? alarms.all() : alarms.ofDevice(device)) {
        const { row } = kept;
        if (row.n < before && passes(kept) && isVisible(row.device, mayShow)) found.push(kept);
      }
      found.sort((a, b) => b.row.n - a.row.n);
      // Two hubs may have raised one each at once. What has the same number is on one page.
      const page = found.filter(({ row }, at) => at < limit || row.n === found[limit - 1]?.row.n);
      return {
        alarms: page.map(viewOf),
        counts: alarms.counts(mayShow),
        next: found.length > page.length ? (page.at(-1)?.row.n ?? null) : null,
      };
    },

    acknowledge: (request) => alarms.acknowledge(request),
    silences: (mayShow) => silences.list(mayShow),
    silence: (silence, requester) => silences.add(silence, requester),
    endSilence: (id) => silences.remove(id),
  };
}

/** @throws HubError `input-invalid` */
function filterOf(
  { state, severity, kind, to, silenced: wanted }: AlarmQuery,
  recordOf: Deps['recordOf'],
): (kept: KeptAlarm) => boolean {
  const selector = to === undefined ? undefined : parseSelector(to);
  return ({ row, silenced }) => {
    if (state === 'open' ? !isOpen(row) : row.state !== state) return false;
    if (severity !== undefined && row.severity !== severity) return false;
    if (kind !== undefined && row.kind !== kind) return false;
    if (wanted !== 'with' && silenced !== (wanted === 'only')) return false;
    if (selector === undefined) return true;
    const record = recordOf(row.device);
    return record !== undefined && selects(selector, record);
  };
}
