import {
  alarmKinds,
  alarmSeverities,
  alarmStates,
  type AlarmQuery,
  type AlarmView,
} from '../../../../schemas/api/alarms.ts';

/** The filters of the list of alarms, as they stand in the page's address. */
export interface AlarmFilters {
  /** One of them, or `open`: all but closed ones. */
  readonly state: 'open' | (typeof alarmStates)[number];
  readonly severity: string;
  readonly kind: string;
  readonly device: string;
  readonly silenced: 'with' | 'without' | 'only';
}

export const stateChoices = ['open', ...alarmStates] as const;
export const silencedChoices = ['without', 'with', 'only'] as const;

export function readFilters(query: URLSearchParams): AlarmFilters {
  return {
    state: stateChoices.find((state) => state === query.get('state')) ?? 'open',
    severity: alarmSeverities.find((severity) => severity === query.get('severity')) ?? '',
    kind: alarmKinds.find((kind) => kind === query.get('kind')) ?? '',
    device: query.get('device') ?? '',
    silenced: silencedChoices.find((choice) => choice === query.get('silenced')) ?? 'without',
  };
}

/** The query of `GET /api/v1/alarms` that answers these filters. @param before `next` of the page before */
export function apiQuery(filters: AlarmFilters, limit: number, before?: number): Partial<AlarmQuery> {
  const { state, severity, kind, device, silenced } = filters;
  return {
    state,
    silenced,
    limit,
    ...(severity === '' ? {} : { severity: severity as AlarmView['severity'] }),
    ...(kind === '' ? {} : { kind: kind as AlarmView['kind'] }),
    ...(device === '' ? {} : { device }),
    ...(before === undefined ? {} : { before }),
  };
}

/** Whether an alarm belongs to the list. */
export function isListed(
  alarm: AlarmView,
  { state, severity, kind, device, silenced }: AlarmFilters,
): boolean {
  return (
    (state === 'open' ? alarm.state !== 'closed' : alarm.state === state) &&
    (severity === '' || alarm.severity === severity) &&
    (kind === '' || alarm.kind === kind) &&
    (device === '' || alarm.device === device) &&
    (silenced === 'with' || alarm.silenced === (silenced === 'only'))
  );
}
