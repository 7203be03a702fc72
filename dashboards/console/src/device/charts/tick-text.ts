import { timeFormat } from '../../time.ts';

const day = timeFormat({ day: 'numeric', month: 'short' });
const minute = timeFormat({ hour: '2-digit', minute: '2-digit' });
const second = timeFormat({ hour: '2-digit', minute: '2-digit', second: '2-digit' });

/** The label below a chart at a time, in the viewer's zone; days get their date. @param stepMs to the next one */
export function tickText(ms: number, stepMs: number): string {
  const date = new Date(ms);
  const midnight = date.getHours() === 0 && date.getMinutes() === 0 && date.getSeconds() === 0;
  if (stepMs >= 86_400_000 || midnight) return day.format(date);
  return (stepMs >= 60_000 ? minute : second).format(date);
}
