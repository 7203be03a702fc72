import uPlot from 'uplot';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { shownTheme } from '../../theme.ts';
import { chartAxes, colourOf, draggedOver } from './chart-looks.ts';
import { drawLimits, type Limits } from './limit-bands.ts';
import type { Mark } from './marks.ts';
import type { Columns } from './series.ts';

export interface ChartProps {
  columns: Columns;
  /** Unix ms. */
  fromMs: number;
  toMs: number;
  /** A value stays until the next: a switch does not pass through what lies between. */
  stepped: boolean;
  /** The bucket below the pointer, or undefined. */
  onPoint: (index: number | undefined) => void;
  /** A part of the chart was chosen by dragging, Unix ms. */
  onZoom: (fromMs: number, toMs: number) => void;
  /** Beyond these values is drawn as not well. */
  limits: Limits;
  /** The numbers at the edge are at least so far apart in all: less is noise. */
  leastSpan: number;
  /** Drawn as lines at their times. */
  marks: readonly Mark[];
}

const height = 150;
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
    const own = new uPlot(optionsOf(current, stepped, latest), latest.current.columns, current);
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
  }, [columns, fromMs, toMs, theme, stepped, props.marks]);

  return <div ref={host} class="chart" />;
}

function optionsOf(
  host: HTMLElement,
  stepped: boolean,
  latest: { readonly current: ChartProps },
): uPlot.Options {
  const [line, band] = [colourOf(host, '--series'), colourOf(host, '--series-band')];
  const paths = stepped ? uPlot.paths.stepped?.({ align: 1 }) : undefined;
  const course = paths === undefined ? {} : { paths };
  const edge: uPlot.Series = { stroke: 'transparent', points: { show: false }, ...course };
  return {
    width: host.clientWidth,
    height,
    ms: 1,
    padding: [8, rightRoom, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: true, y: false, setScale: false }, sync: { key: 'device' } },
    scales: {
      x: { time: true, auto: false },
      y: { range: (_self, min, max) => roomFor(min, max, stepped, latest.current.leastSpan) },
    },
    bands: [{ series: [2, 1], fill: band }],
    series: [{}, edge, edge, { stroke: line, width: 1.5, ...course }],
    axes: chartAxes(host),
    hooks: {
      setCursor: [({ cursor }) => latest.current.onPoint(cursor.idx ?? undefined)],
      setSelect: [(plot) => draggedOver(plot, latest.current.onZoom)],
      drawClear: [(plot) => drawLimits(plot, latest.current.limits, colourOf(host, '--bad-fill'))],
      draw: [(plot) => drawMarks(plot, latest.current, host)],
    },
  };
}

function drawMarks(plot: uPlot, { marks, fromMs, toMs }: ChartProps, host: HTMLElement): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.lineWidth = 1.5;
  ctx.setLineDash([4, 3]);
  for (const { timeMs, tone } of marks) {
    if (timeMs < fromMs || timeMs > toMs) continue;
    const x = Math.round(plot.valToPos(timeMs, 'x', true)) + 0.5;
    ctx.strokeStyle = colourOf(host, `--${tone}-fill`);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}

/** A little more than the values need, also where they are all the same or there are none. */
function roomFor(
  min: number | null,
  max: number | null,
  stepped: boolean,
  leastSpan: number,
): [number, number] {
  if (stepped) return [-0.1, 1.1];
  if (min === null || max === null) return [0, 1];
  const span = max - min;
  const room = Math.max(span * 0.08, (leastSpan - span) / 2);
  return [min - room, max + room];
}
