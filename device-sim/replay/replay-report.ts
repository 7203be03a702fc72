import { faultText } from '../../schemas/field-error.ts';
import type { FieldError } from '../../schemas/index.ts';
import type { Recording } from './recording.ts';
import type { Replay, ReplaySummary } from './replay.ts';

/** How many details of each kind are shown as text; `--json` has up to 1,000. */
const shown = 20;

/** The plan, printed before the replay starts: which column is sent as which field. */
export function planText({ timeColumn, columns, file }: Recording, stream: string, zone: string): string {
  const fields = columns.map(({ name, field, conversion }) => {
    return `  ${name} → ${field}${conversion === undefined ? '' : `  (${conversion.formula})`}`;
  });
  return [
    `${file} as stream ${stream}; ${timeColumn} is the time, local ones in ${zone}`,
    ...fields,
    '',
  ].join('\n');
}

/** One line while it runs: rows settled, rows per second, time left. */
export function progressText(replay: Replay, seconds: number): string {
  const { rows, stored, refused, skipped } = replay.summary;
  const done = stored + refused + skipped;
  const { share } = replay;
  const leftSec = share > 0 ? (seconds * (1 - share)) / share : undefined;
  const parts = [
    `${counted(done)} of ${counted(rows)} rows settled`,
    `${counted(Math.round(done / Math.max(seconds, 0.001)))} rows/s`,
    `${Math.floor(share * 100)} %`,
    leftSec === undefined ? 'time left unknown' : `${clockText(leftSec)} left`,
  ];
  return parts.join(' · ');
}

export function summaryText(summary: ReplaySummary): string {
  const { rows, sent, stored, refused, skipped, cellsLeftOut, repeated, distinctPoints, inRepeatedHour } =
    summary;
  const lines = [
    row('rows read', rows),
    row('sent', sent),
    row('stored', stored),
    row('rejected', refused, 'permanently, by the hub'),
    ...summary.firstRefused
      .slice(0, shown)
      .map(({ line, code, errors }) => `    line ${line}: ${code}${errorText(errors)}`),
    ...more(refused),
    row('skipped', skipped, 'nothing in the row could be sent'),
    row('cells left out', cellsLeftOut, 'rows were sent without them'),
    ...summary.firstFaults.slice(0, shown).map(({ line, column, value, reason }) => {
      const where = column === '' ? `line ${line}` : `line ${line}, column ${column}`;
      return `    ${where}: ${reason}${value === '' ? '' : ` (${JSON.stringify(value)})`}`;
    }),
    ...more(summary.firstFaults.length),
    row('repeated times', repeated, 'sent too; the same stream and time merge into one point'),
    ...summary.firstRepeated
      .slice(0, shown)
      .map(({ line, ts }) => `    line ${line}: ${new Date(ts).toISOString()}`),
    ...more(repeated),
    row('distinct points', distinctPoints),
    ...(inRepeatedHour === 0
      ? []
      : [row('in a repeated hour', inRepeatedHour, 'distinguished by the order of the rows')]),
    ...(summary.unsettled === 0 ? [] : [row('unsettled', summary.unsettled, 'interrupted')]),
    `${'time'.padEnd(18)}${summary.seconds.toFixed(1)} s`,
  ];
  return `${lines.join('\n')}\n`;
}

function row(name: string, count: number, note?: string): string {
  return `${name.padEnd(18)}${counted(count)}${note === undefined || count === 0 ? '' : `  ${note}`}`;
}

function more(count: number): string[] {
  return count > shown ? [`    … and ${counted(count - shown)} more`] : [];
}

function errorText(errors: readonly FieldError[]): string {
  return errors.map((error) => ` · ${faultText(error)}`).join('');
}

function counted(count: number): string {
  return count.toLocaleString('en-US');
}

function clockText(seconds: number): string {
  const whole = Math.ceil(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}
