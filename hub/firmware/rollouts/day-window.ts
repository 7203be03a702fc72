import type { DayWindow } from '../../../schemas/api/firmware/rollouts.ts';
import { timeZoneOf } from '../../schedules/time-zone.ts';

const minuteMs = 60_000;
const dayMinutes = 1_440;

/** Whether the time is within these hours of the day. */
export function isOpen({ from, to, zone }: DayWindow, nowMs: number): boolean {
  const { offsetMs } = timeZoneOf(zone).spanAt(nowMs);
  const now = Math.floor((nowMs + offsetMs) / minuteMs) % dayMinutes;
  const [first, end] = [minuteOf(from), minuteOf(to)];
  return first < end ? now >= first && now < end : now >= first || now < end;
}

function minuteOf(time: string): number {
  const [hours = 0, minutes = 0] = time.split(':').map(Number);
  return hours * 60 + minutes;
}
