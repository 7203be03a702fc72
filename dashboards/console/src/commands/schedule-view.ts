/** A schedule as `GET /api/v1/schedules` gives it. */
export interface ScheduleView {
  readonly name: string;
  readonly cron?: string;
  /** Unix ms, of one that fires once. */
  readonly atMs?: number;
  readonly timeZone: string;
  readonly to: string;
  readonly action:
    | { readonly kind: 'command'; readonly name: string; readonly params: Readonly<Record<string, unknown>> }
    | { readonly kind: 'notice'; readonly topic: string; readonly data: unknown };
  readonly catchUp: 'skip' | 'once';
  readonly paused: boolean;
  readonly lastMs?: number;
  /** Unix ms; absent when it has none any more, or is paused. */
  readonly nextMs?: number;
}

/** What it does at its time, in a few words. */
export function actionWords({ action }: ScheduleView): string {
  if (action.kind === 'notice') return `notice on ${action.topic}`;
  const params = JSON.stringify(action.params);
  return params === '{}' ? action.name : `${action.name} ${params}`;
}
