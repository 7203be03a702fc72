import { useMemo, useState } from 'preact/hooks';
import type { ObjectDefinition, ScalarDefinition } from '../../../../../schemas/device-type-definition.ts';
import { Failed, Loading } from '../../components/states.tsx';
import { Table } from '../../components/table.tsx';
import { Time } from '../../components/time.tsx';
import { nowMs } from '../../now.ts';
import { countWords } from '../../number-words.ts';
import { texts } from '../../texts/texts.ts';
import { unitSymbol } from '../../../../../schemas/unit-symbol.ts';
import { Chart } from './chart.tsx';
import { numberText } from '../number-text.ts';
import { spanOf, type Range } from './ranges.ts';
import type { Mark } from './marks.ts';
import { zoomTo } from './range-bar.tsx';
import type { Bucket, Series } from './series.ts';
import { useStream } from './use-stream.ts';

interface StreamChartsProps {
  device: string;
  stream: string;
  definition: ObjectDefinition;
  range: Range;
  /** Where it ends, Unix ms as text; null: now. */
  until: string | null;
  marks: readonly Mark[];
}

/** A chart for each field of a stream that is a number or a switch. */
export function StreamCharts({ device, stream, definition, range, until, marks }: StreamChartsProps) {
  const fields = useMemo(() => chartedFields(definition), [definition]);
  const names = fields.map(([name]) => name);
  const { state, reload, version } = useStream({ device, stream, fields: names, range, until });
  if (fields.length === 0) return null;
  if (state.kind === 'failed')
    return <Failed what={texts.charts.theChartOf(stream)} error={state.error} retry={reload} />;
  if (state.kind === 'loading') return <Loading what={stream} />;
  return (
    <>
      {fields.map(([name, field]) => {
        const series = state.value.get(name);
        if (series === undefined) return null;
        return (
          <FieldChart
            key={name}
            name={name}
            field={field}
            series={series}
            version={version.value}
            range={range}
            until={until}
            marks={marks}
          />
        );
      })}
    </>
  );
}

function chartedFields({ properties = {} }: ObjectDefinition): [string, ScalarDefinition][] {
  return Object.entries(properties).filter(
    (entry): entry is [string, ScalarDefinition] =>
      entry[1].type === 'number' || entry[1].type === 'integer' || entry[1].type === 'boolean',
  );
}

/** The chart of a field shows so many of the steps in which its readings differ, or more. */
const leastSteps = 20;

interface FieldChartProps {
  name: string;
  field: ScalarDefinition;
  series: Series;
  /** Changes when the series has grown. */
  version: number;
  range: Range;
  until: string | null;
  marks: readonly Mark[];
}

function FieldChart({ name, field, series, version, range, until, marks }: FieldChartProps) {
  const [pointed, setPointed] = useState<number>();
  const stepped = field.type === 'boolean';
  // A chart of a month need not move every second.
  const tickMs = Math.max(1_000, series.stepMs);
  const now = Math.ceil(nowMs.value / tickMs) * tickMs;
  const span = spanOf(range, until, now);
  const { fromMs, toMs } = span;
  const columns = useMemo(() => {
    series.trim(fromMs);
    return series.columns();
  }, [series, version, fromMs]);
  const title = field.title ?? name;
  const unit = field.unit === undefined ? '' : unitSymbol(field.unit);
  const { buckets, decimals } = series;
  const text = (value: number): string =>
    valueText(stepped ? value : Number(value.toFixed(decimals)), field, unit);
  const shown = pointed === undefined ? undefined : bucketAt(buckets, columns[0][pointed]);
  const latest = shown ?? buckets.at(-1);
  const last = shown === undefined && span.live ? series.last : undefined;
  return (
    <figure class="field-chart" data-field={name}>
      <figcaption>
        <h3>
          {title}
          {unit !== '' && <span class="quiet"> {unit}</span>}
        </h3>
        {latest !== undefined && (
          <p class="readout">
            <b>{text(last?.value ?? latest.mean)}</b>
            {last === undefined && latest.count > 1 && (
              <span class="quiet">{texts.charts.meanOfCount(latest.count)}</span>
            )}
            {last === undefined && latest.min !== latest.max && (
              <span class="quiet">{texts.charts.lowestToHighest(text(latest.min), text(latest.max))}</span>
            )}
            <span class="quiet">
              <Time ms={last?.timeMs ?? latest.timeMs} />
            </span>
          </p>
        )}
      </figcaption>
      {buckets.length === 0 && <p class="quiet chart-empty">{texts.charts.noReadingsInThisPeriod}</p>}
      <div role="img" aria-label={summaryOf(title, series, text)}>
        <Chart
          columns={columns}
          fromMs={fromMs}
          toMs={toMs}
          stepped={stepped}
          onPoint={setPointed}
          onZoom={zoomTo}
          limits={{ low: field['x-low'], high: field['x-high'] }}
          leastSpan={leastSteps * 10 ** -decimals}
          marks={marks}
        />
      </div>
      <ValuesTable title={title} buckets={buckets} text={text} />
    </figure>
  );
}

/** Rows of the table that replaces the picture for screen readers. */
const tableRows = 50;

/** The same as the picture, for those who read rather than look. */
function ValuesTable(props: { title: string; buckets: readonly Bucket[]; text: (value: number) => string }) {
  const { title, buckets, text } = props;
  const [open, setOpen] = useState(false);
  return (
    <details class="values" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>{texts.charts.showData}</summary>
      {open && (
        <Table
          label={texts.charts.titleData(title)}
          heads={[
            texts.common.time,
            texts.charts.mean,
            texts.charts.lowest,
            texts.charts.highest,
            texts.charts.readings,
          ]}
          name="values-scroll"
        >
          {buckets
            .slice(-tableRows)
            .toReversed()
            .map(({ timeMs, mean, min, max, count }) => (
              <tr key={timeMs}>
                <td>
                  <Time ms={timeMs} />
                </td>
                <td>{text(mean)}</td>
                <td>{text(min)}</td>
                <td>{text(max)}</td>
                <td>{countWords(count)}</td>
              </tr>
            ))}
        </Table>
      )}
    </details>
  );
}

function valueText(value: number, { type }: ScalarDefinition, unit: string): string {
  if (type === 'boolean') return value === 0 ? 'off' : value === 1 ? 'on' : `${Math.round(value * 100)} % on`;
  return unit === '' ? numberText(value) : `${numberText(value)} ${unit}`;
}

/** The text for the bucket that begins there; a gap in the line has none. */
function bucketAt(buckets: readonly Bucket[], timeMs: number | undefined): Bucket | undefined {
  return buckets.find((bucket) => bucket.timeMs === timeMs);
}

function summaryOf(title: string, { buckets, last }: Series, text: (value: number) => string): string {
  const latest = buckets.at(-1);
  if (latest === undefined) return texts.charts.noReadingsOf(title);
  const lowest = Math.min(...buckets.map(({ min }) => min));
  const highest = Math.max(...buckets.map(({ max }) => max));
  return texts.charts.summary(title, text(last?.value ?? latest.mean), text(lowest), text(highest));
}
