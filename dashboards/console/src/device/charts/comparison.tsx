import uPlot from 'uplot';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { isoTime } from '../../../../../schemas/iso-time.ts';
import { ask } from '../../api.ts';
import { Export } from '../../components/export.tsx';
import { Loaded } from '../../components/states.tsx';
import { Time } from '../../components/time.tsx';
import { texts } from '../../texts/texts.ts';
import { shownTheme } from '../../theme.ts';
import { useRepeatedLoad } from '../../use-load.ts';
import { chartAxes, colourOf, draggedOver } from './chart-looks.ts';
import { comparedLines, type ComparedField, type ComparedLine } from './compared-fields.ts';
import { joinedLines, meansOf } from './compared-data.ts';
import { drawLimits } from './limit-bands.ts';
import { numberText } from '../number-text.ts';
import { zoomTo } from './range-bar.tsx';
import { spanOf, type Range } from './ranges.ts';

const points = 400;
const height = 360;
/** Until new readings are asked for, ms at least. */
const refreshMs = 5_000;

interface ComparisonProps {
  devices: readonly string[];
  fields: readonly ComparedField[];
  range: Range;
  until: string | null;
}

/** The means of these fields, one line for each field of a device. */
export function Comparison({ devices, fields, range, until }: ComparisonProps) {
  const lines = useMemo(() => comparedLines(devices, fields), [devices, fields]);
  const load = useRepeatedLoad(
    async (signal) => {
      const { fromMs, toMs } = spanOf(range, until, Date.now());
      const data = await loadLines(lines, { fromMs: Math.floor(fromMs), toMs: Math.floor(toMs) }, signal);
      return { fromMs, toMs, lines, data };
    },
    [lines, range.key, until],
    () => (until === null ? Math.max(refreshMs, range.lengthMs / points) : undefined),
  );
  return (
    <Loaded load={load} what={texts.charts.theReadings}>
      {(shown) => <Lines key={shown.lines.map(keyOf).join()} {...shown} />}
    </Loaded>
  );
}

interface LinesProps {
  lines: readonly ComparedLine[];
  data: uPlot.AlignedData;
  fromMs: number;
  toMs: number;
}

function Lines({ lines, data, fromMs, toMs }: LinesProps) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const [at, setAt] = useState<number>();
  const theme = shownTheme.value;
  useLayoutEffect(() => {
    const { current } = host;
    if (current === null) return undefined;
    const own = new uPlot(optionsOf(current, lines, setAt), data, current);
    plot.current = own;
    const sizes = new ResizeObserver(() => own.setSize({ width: current.clientWidth, height }));
    sizes.observe(current);
    return () => {
      sizes.disconnect();
      own.destroy();
      plot.current = undefined;
    };
  }, [theme]);
  useEffect(() => {
    const { current } = plot;
    current?.batch(() => {
      current.setData(data, false);
      current.setScale('x', { min: fromMs, max: toMs });
    });
  }, [data, theme]);
  const devices = [...new Set(lines.map(({ device }) => device))];
  const several = lines.some(({ field }) => field !== lines[0]?.field);
  return (
    <figure class="comparison">
      <div ref={host} role="img" aria-label={texts.charts.linesOfDevices(devices.join(', '))} />
      <figcaption>
        <p class="quiet">
          <Time ms={data[0][at ?? data[0].length - 1]} none={texts.charts.noReadingsInThisPeriod} />{' '}
          <Export name="comparison" rows={() => rowsOf(lines, data)} />
        </p>
        <ul class="comparison-legend">
          {lines.map((line, number) => (
            <li key={keyOf(line)}>
              <svg class={`line-key line-${line.colour}`} viewBox="0 0 24 8" aria-hidden="true">
                <path d="M0 4h24" stroke-dasharray={line.dash.join(' ')} />
              </svg>
              <a href={`/devices/${encodeURIComponent(line.device)}`}>{line.device}</a>{' '}
              {several && line.field.name} <b>{valueText(line.field, valueAt(data[number + 1], at))}</b>
            </li>
          ))}
        </ul>
      </figcaption>
    </figure>
  );
}

function keyOf({ device, field }: ComparedLine): string {
  return `${device} ${field.key}`;
}

/** At the pointer; otherwise the newest. */
function valueAt(
  values: uPlot.AlignedData[number] | undefined,
  at: number | undefined,
): number | null | undefined {
  if (at !== undefined) return values?.[at];
  return Array.from<number | null | undefined>(values ?? []).findLast((value) => typeof value === 'number');
}

function valueText({ unit }: ComparedField, value: number | null | undefined): string {
  if (value === null || value === undefined) return '–';
  return unit === '' ? numberText(value) : `${numberText(value)} ${unit}`;
}

function optionsOf(
  host: HTMLElement,
  lines: readonly ComparedLine[],
  onPoint: (index: number | undefined) => void,
): uPlot.Options {
  const units = [...new Set(lines.map(({ field }) => field.unit))];
  const scaleOf = ({ unit }: ComparedField): string => `unit-${units.indexOf(unit)}`;
  const scales = units.map((unit, at) => ({ scale: `unit-${at}`, unit }));
  const [first] = lines;
  const alone = first !== undefined && lines.every(({ field }) => field === first.field);
  return {
    width: host.clientWidth,
    height,
    ms: 1,
    padding: [8, units.length > 1 ? 0 : 20, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: true, y: false, setScale: false } },
    scales: { x: { time: true, auto: false }, ...Object.fromEntries(scales.map(({ scale }) => [scale, {}])) },
    series: [
      {},
      ...lines.map(({ field, colour, dash }) => ({
        scale: scaleOf(field),
        stroke: colourOf(host, `--line-${colour}`),
        width: 1.75,
        dash: [...dash],
        points: { show: false },
      })),
    ],
    axes: chartAxes(host, scales),
    hooks: {
      setCursor: [({ cursor }) => onPoint(cursor.idx ?? undefined)],
      setSelect: [(plot) => draggedOver(plot, zoomTo)],
      drawClear: [
        (plot) => {
          // Of several fields nobody could say whose they are.
          if (alone) drawLimits(plot, first.field.limits, colourOf(host, '--bad-fill'), scaleOf(first.field));
        },
      ],
    },
  };
}

/** Times of all lines, and the means of each. One request a stream of a device. */
async function loadLines(
  lines: readonly ComparedLine[],
  span: { fromMs: number; toMs: number },
  signal: AbortSignal,
): Promise<uPlot.AlignedData> {
  const streams = Map.groupBy(lines, ({ device, field }) => `${device} ${field.stream}`);
  const answers = new Map(
    await Promise.all(
      [...streams].map(async ([key, own]) => {
        const [{ device, field }] = own as [ComparedLine, ...ComparedLine[]];
        const fields = own.map((line) => line.field.field).join(',');
        const answer = await ask('GET /api/v1/devices/{id}/series/{stream}', {
          params: { id: device, stream: field.stream },
          query: { ...span, fields, points, meansOnly: true },
          signal,
        });
        return [key, answer] as const;
      }),
    ),
  );
  return joinedLines(
    lines.map(({ device, field }) => {
      const answer = answers.get(`${device} ${field.stream}`);
      return answer === undefined ? [[], []] : meansOf(answer, field.field);
    }),
  );
}

/** What is drawn, one row a time. */
function rowsOf(lines: readonly ComparedLine[], [times, ...columns]: uPlot.AlignedData): object[] {
  return [...times].flatMap((timeMs, at) => {
    const values = lines.map((line, number) => [keyOf(line), columns[number]?.[at] ?? null] as const);
    // A time at which lines only break is none of a reading.
    if (values.every(([, value]) => value === null)) return [];
    return [{ time: isoTime(timeMs), ...Object.fromEntries(values) }];
  });
}
