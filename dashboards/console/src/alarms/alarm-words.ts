import type { AlarmKey, AlarmSeverity, AlarmState, AlarmView } from '../../../../schemas/api/alarms.ts';
import { texts } from '../texts/texts.ts';

/** As people say it. */
export const stateWords: Readonly<Record<AlarmState, string>> = texts.alarms.stateWords;

export const severityTones: Readonly<Record<AlarmSeverity, string>> = {
  critical: 'tone-bad',
  warning: 'tone-warn',
};

/** One alarm of all: of its device (or the hub) and its source. */
export function keyOf({ device, source }: AlarmView): string {
  return `${device ?? ''} ${source}`;
}

/** Names this alarm for the hub, as it is seen here: not one that was raised again since. */
export function nameOf({ device, source, count }: AlarmView): AlarmKey {
  return { device, source, count };
}

/** Whether somebody should still say that it is dealt with. */
export function awaitsSomebody({ state }: AlarmView): boolean {
  return state === 'raised' || state === 'cleared';
}

/**
 * The rows with one that has changed: in its place, or first when it was raised since.
 * @param matches whether it belongs to the list
 */
export function withAlarm(
  rows: readonly AlarmView[],
  alarm: AlarmView,
  matches: (alarm: AlarmView) => boolean,
): readonly AlarmView[] {
  const key = keyOf(alarm);
  const others = rows.filter((row) => keyOf(row) !== key);
  return matches(alarm) ? [...others, alarm].toSorted((a, b) => b.n - a.n) : others;
}
