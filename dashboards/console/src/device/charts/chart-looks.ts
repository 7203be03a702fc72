/** What charts have in common. */
import type uPlot from 'uplot';
import { numberText } from '../number-text.ts';
import { tickText } from './tick-text.ts';

/** Room for the numbers at the left, px; the presence bar above keeps the same. */
const axisWidth = 52;

export function chartAxes(host: HTMLElement): uPlot.Axis[] {
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
      space: 70,
      values: (_self, splits, _at, _space, step) => splits.map((ms) => tickText(ms, step)),
    },
    {
      ...axis,
      size: axisWidth,
      space: 32,
      values: (_self, splits) => splits.map((value) => numberText(value)),
    },
  ];
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
