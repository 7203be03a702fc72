import { useMemo } from 'preact/hooks';
import { isoTime } from '../../../../schemas/iso-time.ts';
import { nowMs } from '../now.ts';
import { ageText, fullTime, shortTime, zonedTime } from '../time.ts';

interface TimeProps {
  /** Unix ms; null: it is not known, or never was. */
  ms: number | null | undefined;
  /** The text when there is no time. */
  none?: string;
}

/** A time in the viewer's zone, with UTC on hover. */
export function Time({ ms, none = '–' }: TimeProps) {
  if (ms === null || ms === undefined) return <span class="quiet">{none}</span>;
  return (
    <time dateTime={isoTime(ms)} title={fullTime(ms)}>
      {shortTime(ms)}
    </time>
  );
}

/** A time in its own zone, which is named; the viewer's zone and UTC on hover. */
export function ZonedTime({ ms, timeZone }: { ms: number; timeZone: string }) {
  return (
    <time dateTime={isoTime(ms)} title={fullTime(ms)}>
      {zonedTime(ms, timeZone)}
    </time>
  );
}

/** How long ago, going on each second. */
export function Age({ ms, none = 'never' }: TimeProps) {
  if (ms === null || ms === undefined) return <span class="quiet">{none}</span>;
  return <KnownAge ms={ms} />;
}

function KnownAge({ ms }: { ms: number }) {
  // Each second the same: to write them anew would cost more than all the rest of a list.
  const [exact, full] = useMemo(() => [isoTime(ms), fullTime(ms)], [ms]);
  return (
    <time dateTime={exact} title={full}>
      {ageText(ms, nowMs.value)}
    </time>
  );
}
