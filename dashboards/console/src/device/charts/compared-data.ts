/** The readings of several devices in one chart. Pure. */
import uPlot from 'uplot';
import type { DeviceSeries } from '../../../../../schemas/api/telemetry/readings.ts';
import { Series } from './series.ts';

/** Times and what was measured then, null where the line is to break. */
export type Line = readonly [times: readonly number[], values: readonly (number | null)[]];

/** The means of a field; the line breaks as it does on the page of the device. */
export function meansOf(answer: Pick<DeviceSeries, 'stepMs' | 'times' | 'fields'>, field: string): Line {
  const [times, , , means] = new Series(answer, field).columns();
  return [times, means];
}

// Of `uPlot.join`: a break lasts until the next reading of the same line, whatever times the others have in between.
const breaks = 2;

/** All lines over the times of all: undefined where only others have a reading, and null in a gap of its own. */
export function joinedLines(lines: readonly Line[]): uPlot.AlignedData {
  return uPlot.join(
    lines.map(([times, values]): uPlot.AlignedData => [[...times], [...values]]),
    lines.map(() => [0, breaks]),
  );
}
