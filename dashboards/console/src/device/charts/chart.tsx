import uPlot from 'uplot';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { shownTheme } from '../../theme.ts';
import { chartAxes, colourOf } from './chart-looks.ts';
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
  limits: { low?: number | undefined; high?: number | undefined };
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
    scales: { x: { time: true, auto: false }, y: { range: (_self, min, max) => roomFor(min, max, stepped) } },
    bands: [{ series: [2, 1], fill: band }],
    series: [{}, edge, edge, { stroke: line, width: 1.5, ...course }],
    axes: chartAxes(host),
    hooks: {
      setCursor: [({ cursor }) => latest.current.onPoint(cursor.idx ?? undefined)],
      setSelect: [(plot) => zoom(plot, latest.current)],
      drawClear: [(plot) => drawLimits(plot, latest.current, colourOf(host, '--bad-fill'))],
      draw: [(plot) => drawMarks(plot, latest.current, host)],
    },
  };
}

/** Less than this is a click with an unsteady hand, px. */
const leastDrag = 6;

function zoom(plot: uPlot, { onZoom }: ChartProps): void {
  const { left, width } = plot.select;
  if (width < leastDrag) return;
  const [fromMs, toMs] = [plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x')];
  plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  onZoom(fromMs, toMs);
}

/** Where values are not well, behind the line. */
function drawLimits(plot: uPlot, { limits }: ChartProps, colour: string): void {
  const { ctx } = plot;
  const { left, top, width, height: tall } = plot.bbox;
  const at = (value: number): number => Math.min(top + tall, Math.max(top, plot.valToPos(value, 'y', true)));
  ctx.save();
  ctx.fillStyle = colour;
  ctx.globalAlpha = 0.14;
  if (limits.high !== undefined) ctx.fillRect(left, top, width, at(limits.high) - top);
  if (limits.low !== undefined) ctx.fillRect(left, at(limits.low), width, top + tall - at(limits.low));
  ctx.restore();
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
function roomFor(min: number | null, max: number | null, stepped: boolean): [number, number] {
  if (stepped) return [-0.1, 1.1];
  if (min === null || max === null) return [0, 1];
  const span = max - min;
  const room = span === 0 ? Math.max(Math.abs(max) * 0.05, 0.5) : span * 0.08;
  return [min - room, max + room];
}
