import uPlot from 'uplot';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { shownTheme } from '../theme.ts';
import { numberText } from './number-text.ts';
import type { Columns } from './series.ts';
import { tickText } from './tick-text.ts';

export interface ChartProps {
  columns: Columns;
  /** Unix ms. */
  fromMs: number;
  toMs: number;
  /** A value stays until the next: a switch does not pass through what lies between. */
  stepped: boolean;
  /** The bucket below the pointer, or undefined. */
  onPoint: (index: number | undefined) => void;
}

const height = 150;
/** Room for the numbers at the left, px; the presence bar above keeps the same. */
const axisWidth = 52;
/** Half of the widest time label, px: the last label is centred on the edge. */
const rightRoom = 20;

/** The mean as a line within the band from the lowest to the highest. */
export function Chart(props: ChartProps) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const latest = useRef(props);
  latest.current = props;
  const { columns, fromMs, toMs, stepped } = props;
  const theme = shownTheme.value;

  useLayoutEffect(() => {
    const { current } = host;
    if (current === null) return undefined;
    const own = new uPlot(
      optionsOf(current, stepped, (index) => latest.current.onPoint(index)),
      latest.current.columns,
      current,
    );
    plot.current = own;
    const sizes = new ResizeObserver(() => own.setSize({ width: current.clientWidth, height }));
    sizes.observe(current);
    return () => {
      sizes.disconnect();
      own.destroy();
      plot.current = undefined;
    };
  }, [theme, stepped]);

  useEffect(() => {
    const { current } = plot;
    current?.batch(() => {
      current.setData(columns, false);
      // When the time scale changes, uPlot rescales the values.
      current.setScale('x', { min: fromMs, max: toMs });
    });
  }, [columns, fromMs, toMs, theme, stepped]);

  return <div ref={host} class="chart" />;
}

function optionsOf(
  host: HTMLElement,
  stepped: boolean,
  onPoint: (index: number | undefined) => void,
): uPlot.Options {
  const [line, band, grid, text] = ['--series', '--series-band', '--grid', '--quiet'].map((name) =>
    colourOf(host, name),
  ) as [string, string, string, string];
  const paths = stepped ? uPlot.paths.stepped?.({ align: 1 }) : undefined;
  const course = paths === undefined ? {} : { paths };
  const edge: uPlot.Series = { stroke: 'transparent', points: { show: false }, ...course };
  const axis: uPlot.Axis = {
    stroke: text,
    grid: { stroke: grid, width: 1 },
    ticks: { show: false },
    font: fontOf(host),
  };
  return {
    width: host.clientWidth,
    height,
    ms: 1,
    padding: [8, rightRoom, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, sync: { key: 'device' } },
    scales: { x: { time: true, auto: false }, y: { range: (_self, min, max) => roomFor(min, max, stepped) } },
    bands: [{ series: [2, 1], fill: band }],
    series: [{}, edge, edge, { stroke: line, width: 1.5, ...course }],
    axes: [
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
    ],
    hooks: { setCursor: [({ cursor }) => onPoint(cursor.idx ?? undefined)] },
  };
}

/** A little more than the values need, also where they are all the same or there are none. */
function roomFor(min: number | null, max: number | null, stepped: boolean): [number, number] {
  if (stepped) return [-0.1, 1.1];
  if (min === null || max === null) return [0, 1];
  const span = max - min;
  const room = span === 0 ? Math.max(Math.abs(max) * 0.05, 0.5) : span * 0.08;
  return [min - room, max + room];
}

/** The current value of a colour in the style sheet, because a canvas cannot use variables. */
function colourOf(host: HTMLElement, name: string): string {
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
