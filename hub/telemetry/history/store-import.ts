import type { FieldSpec } from '../../../schemas/index.ts';
import type { ImportReport, ImportState, Shortfall } from '../../../schemas/store-import.ts';
import { HubError } from '../../kernel/errors.ts';
import { compileFieldEncoder, encodePrefix, encodeTimeUs } from '../line-protocol.ts';
import type { MetricsWriter } from '../store.ts';

/** A series of the store that is left, in the order of ids. */
export interface SourceSeries {
  id: number;
  measurement: string;
  tags: readonly (readonly [string, string])[];
}

export interface SourcePoint {
  timeUs: number;
  fields: Readonly<Record<string, string | number | boolean>>;
}

/** The store that is left. Every method rejects with HubError `store-unavailable`. */
export interface ImportSource {
  /** About how many there are. */
  count(): Promise<number>;
  seriesFrom(id: number, limit: number): Promise<readonly SourceSeries[]>;
  /** In order of time, from this time on. */
  pointsFrom(id: number, fromUs: number, limit: number): Promise<readonly SourcePoint[]>;
}

/** The store that gets them. Every method rejects with HubError `store-unavailable`. */
export interface ImportTarget extends MetricsWriter {
  /** How many values each field has from one time to another, both inclusive, Unix ms. */
  values(measurement: string, fromMs: number, toMs: number): Promise<Readonly<Record<string, number>>>;
}

export const nothingImported: ImportState = { points: 0, refused: 0, series: 0, timeUs: 0, sent: {} };

export interface StoreImport {
  source: ImportSource;
  target: ImportTarget;
  /** The kinds of the fields of a measurement: the store that is left knows numbers, not integers. */
  fieldsOf: (measurement: string) => readonly FieldSpec[];
  /** Called when so much is written. */
  keep: (state: ImportState, of: number) => void;
}

/** A chunk of the embedded store: few enough for one write. */
const atOnce = 4_096;

/**
 * Copies every point, series by series. A point that is written twice is stored once, so an interrupted import goes on
 * from the state that was kept last. In the end the values are counted on the other side.
 * @throws HubError `store-unavailable` when either side is away: nothing is lost, and it can be run again
 */
export async function importStore(task: StoreImport, from: ImportState): Promise<ImportReport> {
  const { source, target } = task;
  const of = await source.count();
  const state = structuredClone(from);
  for (;;) {
    const [series] = await source.seriesFrom(state.series, 1);
    if (series === undefined) break;
    if (series.id !== state.series) Object.assign(state, { series: series.id, timeUs: 0 });
    await importSeries(task, series, state, of);
    Object.assign(state, { series: series.id + 1, timeUs: 0 });
  }
  const missing: Shortfall[] = [];
  for (const [measurement, { fromMs, toMs, values }] of Object.entries(state.sent)) {
    const there = await target.values(measurement, fromMs, toMs);
    for (const [field, sent] of Object.entries(values)) {
      const found = there[field] ?? 0;
      if (found < sent) missing.push({ measurement, field, sent, found });
    }
  }
  const { points, refused, reason } = state;
  const why = reason === undefined ? {} : { reason };
  return { points, refused, ...why, measurements: Object.keys(state.sent).length, missing };
}

async function importSeries(
  { source, target, fieldsOf, keep }: StoreImport,
  { id, measurement, tags }: SourceSeries,
  state: ImportState,
  of: number,
): Promise<void> {
  const prefix = encodePrefix(measurement, Object.fromEntries(tags));
  const kinds = new Map(fieldsOf(measurement).map((field) => [field.name, field]));
  for (;;) {
    const points = await source.pointsFrom(id, state.timeUs, atOnce);
    const last = points.at(-1);
    if (last === undefined) return;
    const encode = compileFieldEncoder(fieldsIn(points, kinds));
    const lines = points.flatMap(({ timeUs, fields }) => {
      const text = encode(fields);
      return text === '' ? [] : [`${prefix}${text} ${encodeTimeUs(timeUs / 1000)}`];
    });
    await writeLines(target, lines, state);
    count(points, measurement, state);
    state.points += points.length;
    state.timeUs = last.timeUs + 1;
    keep(state, of);
  }
}

/** Of the fields of these points: the kind that is declared, or else the one that the value has. */
function fieldsIn(points: readonly SourcePoint[], kinds: ReadonlyMap<string, FieldSpec>): FieldSpec[] {
  const found = new Map<string, FieldSpec>();
  for (const { fields } of points) {
    for (const [name, value] of Object.entries(fields)) {
      if (found.has(name)) continue;
      const kind = typeof value === 'number' ? 'float' : typeof value === 'boolean' ? 'boolean' : 'string';
      found.set(name, { ...(kinds.get(name) ?? { name, kind }), tag: false });
    }
  }
  return [...found.values()];
}

async function writeLines(
  target: MetricsWriter,
  lines: readonly string[],
  state: ImportState,
): Promise<void> {
  if (lines.length === 0) return;
  const outcome = await target.write(lines);
  switch (outcome.kind) {
    case 'stored':
      return;
    case 'partial':
    case 'refused':
      state.refused += outcome.dropped ?? (outcome.kind === 'refused' ? lines.length : 1);
      state.reason ??= outcome.reason;
      return;
    case 'too-large': {
      if (lines.length === 1) throw new HubError('store-unavailable', outcome.reason);
      const half = Math.ceil(lines.length / 2);
      await writeLines(target, lines.slice(0, half), state);
      await writeLines(target, lines.slice(half), state);
      return;
    }
    case 'unavailable':
    case 'misconfigured':
    case 'stranger':
      throw new HubError('store-unavailable', `${outcome.reason}; run it again, and it goes on from here`);
  }
}

function count(points: readonly SourcePoint[], measurement: string, { sent }: ImportState): void {
  const of = (sent[measurement] ??= { fromMs: Infinity, toMs: -Infinity, values: {} });
  for (const { timeUs, fields } of points) {
    of.fromMs = Math.min(of.fromMs, timeUs / 1000);
    of.toMs = Math.max(of.toMs, timeUs / 1000);
    for (const name of Object.keys(fields)) of.values[name] = (of.values[name] ?? 0) + 1;
  }
}
