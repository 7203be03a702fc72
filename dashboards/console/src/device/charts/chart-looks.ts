/** What charts have in common. */
import type uPlot from 'uplot';
import { numberText } from '../number-text.ts';
import { hasReadings } from './limit-bands.ts';
import { tickText } from './tick-text.ts';

/** Room for the numbers at the left, px; the presence bar above keeps the same. */
const axisWidth = 52;

/** @param scales of the numbers, with their units: the first at the left, the second at the right */
export function chartAxes(
  host: HTMLElement,
  scales: readonly { scale: string; unit: string }[] = [{ scale: 'y', unit: '' }],
): uPlot.Axis[] {
  const axis: uPlot.Axis = {
    stroke: colourOf(host, '--quiet'),
    grid: { stroke: colourOf(host, '--grid'), width: 1 },
    ticks: { show: false },
    font: fontOf(host),
  };
  return [
    {
      ...axis,
      size: 28,
      // Wide enough for a time of the twelve-hour clock with its seconds.
      space: 96,
      values: (_self, splits, _at, _space, step) => splits.map((ms) => tickText(ms, step)),
    },
    ...scales.map(({ scale, unit }, at): uPlot.Axis => ({
      ...axis,
      // One grid is enough.
      ...(at === 0 ? { grid: { ...axis.grid, filter: onlyOfReadings } } : { side: 1, grid: { show: false } }),
      ...(unit === '' ? {} : { label: unit, labelSize: 20, labelFont: fontOf(host) }),
      scale,
      size: axisWidth,
      space: 32,
      values: (self, splits) => (hasReadings(self) ? splits.map((value) => numberText(value)) : []),
    })),
  ];
}

const onlyOfReadings: uPlot.Axis.Filter = (self, splits) =>
  hasReadings(self) ? splits : splits.map(() => null);

/** Less than this is a click with an unsteady hand, px. */
const leastDrag = 6;

/** Tells which part of the time was chosen by dragging, Unix ms. */
export function draggedOver(plot: uPlot, onZoom: (fromMs: number, toMs: number) => void): void {
  const { left, width } = plot.select;
  if (width < leastDrag) return;
  const [fromMs, toMs] = [plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x')];
  plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  onZoom(fromMs, toMs);
}

/** The current value of a colour in the style sheet, because a canvas cannot use variables. */
export function colourOf(host: HTMLElement, name: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${name})`;
  host.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

function fontOf(host: HTMLElement): string {
  return `12px ${getComputedStyle(host).fontFamily}`;
}
