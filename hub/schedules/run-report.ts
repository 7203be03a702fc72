import type { ScheduleOutcome } from '../../schemas/api/commands/schedules.ts';

/** How far a run of a schedule has come. */
export interface RunReport {
  /** Devices that got the command or notice. */
  reached: number;
  /** No further device will get it. */
  over: boolean;
  /** Why devices did not get it, with their number. */
  reason?: string;
  /** None of them can ever get it: the schedule is wrong. */
  impossible?: boolean;
}

/** A run is `sent` once one device has it; until then nobody knows. */
export function outcomeOf({ reached, over, reason, impossible }: RunReport): ScheduleOutcome {
  if (reached > 0) return { kind: 'sent' };
  if (!over) return { kind: 'sending' };
  const kind = impossible === true ? 'refused' : 'unreached';
  return reason === undefined ? { kind } : { kind, reason };
}
