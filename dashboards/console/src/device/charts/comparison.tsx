import uPlot from 'uplot';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { DeviceSeries } from '../../../../../schemas/api/telemetry/readings.ts';
import { ask } from '../../api.ts';
import { Loaded } from '../../components/states.tsx';
import { Time } from '../../components/time.tsx';
import { texts } from '../../texts/texts.ts';
import { shownTheme } from '../../theme.ts';
import { useLoad } from '../../use-load.ts';
import { chartAxes, colourOf } from './chart-looks.ts';
import type { ComparedField } from './compared-fields.ts';
import { numberText } from '../number-text.ts';
import { zoomTo } from './range-bar.tsx';
import { spanOf, type Range } from './ranges.ts';

const points = 400;
const height = 360;
/** Each line has a colour and a dash of its own, so that nobody needs the colour. */
const dashes: readonly (readonly number[])[] = [[], [8, 4], [2, 3], [12, 4, 2, 4]];
/** Colours of the style sheet: `--line-1` and on. */
const colours = 8;

interface ComparisonProps {
  devices: readonly string[];
  field: ComparedField;
  range: Range;
  until: string | null;
}

/** The means of one field, one line a device. */
export function Comparison({ devices, field, range, until }: ComparisonProps) {
  const load = useLoad(
    async (signal) => {
      const { fromMs, toMs } = spanOf(range, until, Date.now());
      const query = { fromMs: Math.floor(fromMs), toMs: Math.floor(toMs), fields: field.field, points };
      const series = await Promise.all(
        devices.map((id) =>
          ask('GET /api/v1/devices/{id}/series/{stream}', {
            params: { id, stream: field.stream },
            query,
            signal,
          }),
        ),
      );
      return { fromMs, toMs, data: joined(series, field.field) };
    },
    [devices.join(','), field.key, range.key, until],
  );
  return (
    <Loaded load={load} what={texts.charts.theReadings}>
      {({ fromMs, toMs, data }) => <Lines devices={devices} data={data} fromMs={fromMs} toMs={toMs} />}
    </Loaded>
  );
}

interface LinesProps {
  devices: readonly string[];
  data: uPlot.AlignedData;
  fromMs: number;
  toMs: number;
}

function Lines({ devices, data, fromMs, toMs }: LinesProps) {
  const host = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState<number>();
  const theme = shownTheme.value;
  useLayoutEffect(() => {
    const { current } = host;
    if (current === null) return undefined;
    const plot = new uPlot(optionsOf(current, devices, [fromMs, toMs], setAt), data, current);
    const sizes = new ResizeObserver(() => plot.setSize({ width: current.clientWidth, height }));
    sizes.observe(current);
    return () => {
      sizes.disconnect();
      plot.destroy();
    };
  }, [data, theme]);
  const index = at ?? data[0].length - 1;
  return (
    <figure class="comparison">
      <div ref={host} role="img" aria-label={texts.charts.linesOfDevices(devices.join(', '))} />
      <figcaption>
        <p class="quiet">
          <Time ms={data[0][index]} none={texts.charts.noReadingsInThisPeriod} />
        </p>
        <ul class="comparison-legend">
          {devices.map((id, line) => (
            <li key={id}>
              <svg class={`line-key line-${(line % colours) + 1}`} viewBox="0 0 24 8" aria-hidden="true">
                <path d="M0 4h24" stroke-dasharray={dashes[line % dashes.length]?.join(' ')} />
              </svg>
              <a href={`/devices/${encodeURIComponent(id)}`}>{id}</a>{' '}
              <b>{valueText(data[line + 1]?.[index])}</b>
            </li>
          ))}
        </ul>
      </figcaption>
    </figure>
  );
}

function valueText(value: number | null | undefined): string {
  return value === null || value === undefined ? '–' : numberText(value);
}

function optionsOf(
  host: HTMLElement,
  devices: readonly string[],
  [min, max]: readonly [number, number],
  onPoint: (index: number | undefined) => void,
): uPlot.Options {
  return {
    width: host.clientWidth,
    height,
    ms: 1,
    padding: [8, 20, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: true, y: false, setScale: false } },
    scales: { x: { time: true, range: [min, max] } },
    series: [
      {},
      ...devices.map((_, line) => ({
        stroke: colourOf(host, `--line-${(line % colours) + 1}`),
        width: 1.75,
        dash: [...(dashes[line % dashes.length] ?? [])],
        spanGaps: true,
        points: { show: false },
      })),
    ],
    axes: chartAxes(host),
    hooks: {
      setCursor: [({ cursor }) => onPoint(cursor.idx ?? undefined)],
      setSelect: [
        (plot) => {
          const { left, width } = plot.select;
          if (width < 6) return;
          zoomTo(plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x'));
        },
      ],
    },
  };
}

/** Times of all of them, and the means of each, null where one has none. */
function joined(series: readonly DeviceSeries[], field: string): uPlot.AlignedData {
  return uPlot.join(
    series.map(({ times, fields }): uPlot.AlignedData => [[...times], [...(fields[field]?.mean ?? [])]]),
  );
}
