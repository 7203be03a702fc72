import { isoTime } from '../../../schemas/iso-time.ts';
import { texts } from './texts/texts.ts';

/** Times are Unix ms; they are shown in the viewer's zone, which the page names, with UTC on hover. Pure. */

/** IANA name of the zone of this browser. */
export const { timeZone: viewerZone } = Intl.DateTimeFormat().resolvedOptions();

/** The way in which this browser's locale writes times, in the viewer's zone. */
export function timeFormat(parts: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat(undefined, { timeZone: viewerZone, ...parts });
}

const sameDay = timeFormat({ hour: '2-digit', minute: '2-digit', second: '2-digit' });
const otherDay = timeFormat({ day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });
const otherYear = timeFormat({ dateStyle: 'medium', timeStyle: 'short' });
const full = timeFormat({ dateStyle: 'full', timeStyle: 'long' });

/** Such as `Europe/Berlin, UTC+01:00`: the zone in which times are shown, with its distance from UTC now. */
export function zoneWords(now: number, timeZone: string = viewerZone): string {
  if (timeZone === 'UTC') return timeZone;
  const parts = timeFormat({ timeZone, timeZoneName: 'longOffset' }).formatToParts(now);
  const offset = parts.find(({ type }) => type === 'timeZoneName')?.value ?? 'GMT';
  return `${timeZone}, ${offset.replace('GMT', 'UTC')}`;
}

/** What `<input type="datetime-local">` holds, Unix ms; undefined for nothing, and for what is no time. */
export function typedTime(text: string): number | undefined {
  const ms = text === '' ? Number.NaN : Date.parse(text);
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

/** As short as is clear: the time alone for today, with the day before that. */
export function shortTime(ms: number, now: number = Date.now()): string {
  if (!isDate(ms)) return isoTime(ms);
  const date = new Date(ms);
  const today = new Date(now);
  if (date.toDateString() === today.toDateString()) return sameDay.format(date);
  return (date.getFullYear() === today.getFullYear() ? otherDay : otherYear).format(date);
}

/** For hovering: the whole of it in the viewer's zone, and in UTC. */
export function fullTime(ms: number): string {
  return isDate(ms) ? `${full.format(ms)}\n${utcTime(ms)}` : isoTime(ms);
}

export function utcTime(ms: number): string {
  return isDate(ms)
    ? texts.shell.utc(new Date(ms).toISOString().replace('T', ' ').replace('Z', ''))
    : isoTime(ms);
}

/** The date and time on the clocks of an IANA zone, which is shown beside it; UTC in a browser without that zone. */
export function zonedTime(ms: number, timeZone: string): string {
  if (!isDate(ms)) return isoTime(ms);
  try {
    return timeFormat({ dateStyle: 'medium', timeStyle: 'medium', timeZone }).format(ms) + ` ${timeZone}`;
  } catch {
    return utcTime(ms);
  }
}

/** A row with a time that is none must not take its whole page along: `Intl` throws for it. */
function isDate(ms: number): boolean {
  return !Number.isNaN(new Date(ms).getTime());
}

const steps = [
  [86_400, 'd'],
  [3_600, 'h'],
  [60, 'min'],
  [1, 's'],
] as const;

/** Such as `3 min`, `2 d`: the largest unit of it, rounded down. */
export function shortSpan(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  const [length, unit] = steps.find(([size]) => seconds >= size) ?? [1, 's'];
  return `${Math.floor(seconds / length)} ${unit}`;
}

const fine = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 2 });

/** Such as `4.2 ms`, `1.5 s`, `3 min`. */
export function spanWords(ms: number): string {
  if (ms < 1_000) return texts.shell.milliseconds(fine.format(ms));
  return ms < 10_000 ? texts.shell.seconds(fine.format(ms / 1_000)) : shortSpan(ms);
}

/** Such as `3 min ago`, `in 2 h`, `now`. */
export function ageText(ms: number, now: number): string {
  const past = now - ms;
  if (past >= 0 && past < 1_000) return 'now';
  return past < 0
    ? past > -1_000
      ? 'now'
      : texts.shell.inSpan(shortSpan(-past))
    : texts.shell.pastAgo(shortSpan(past));
}
