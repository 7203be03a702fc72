import type { AlarmView } from '../../schemas/api/alarms.ts';

/** Notified of each change of an alarm after it is on disk, and when a silence begins or ends to cover it. */
export interface AlarmFollower {
  alarmChanged(alarm: AlarmView): void;
  /** Another hub has changed it, and has published and recorded that. */
  alarmChangedElsewhere?(alarm: AlarmView): void;
  /** Its device is no longer registered, or it is closed and no longer kept. */
  alarmDropped?(device: string | null, source: string): void;
}
