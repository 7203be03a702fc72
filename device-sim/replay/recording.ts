import { once } from 'node:events';
import { createReadStream, type ReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { StreamType } from '../../schemas/index.ts';
import { csvRows } from './csv-rows.ts';
import { columnsOf, type Column, type ColumnRequest } from './recording-columns.ts';
import { RecordingFault } from './recording-fault.ts';
import { parseTime, type Zone } from './zone.ts';

/** A cell, or a whole line, that gives no value. */
export interface CellFault {
  /** From 1, the header being line 1; where the row begins. */
  line: number;
  column: string;
  /** As it stands in the file, shortened. */
  value: string;
  reason: string;
}

export interface RecordedRow {
  line: number;
  faults: readonly CellFault[];
  /** Undefined when nothing of the row can be sent: no time, or no field with a value. */
  reading: { ts: number; data: Record<string, number | string | boolean> } | undefined;
  /** The local time was shown twice (clocks went back): which of the two was taken. */
  twice?: 'first' | 'second';
}

export interface RecordingOptions extends ColumnRequest {
  file: string;
  zone: Zone;
  delimiter?: string;
}

export interface Recording {
  file: string;
  timeColumn: string;
  columns: readonly Column[];
  fileBytes: number;
  /** How far the file is read. */
  bytesRead(): number;
  /** Row by row; a bad one never ends it. */
  rows(): AsyncIterable<RecordedRow>;
}

/**
 * Opens a CSV file (RFC 4180: header, quotes, any line ends; a byte order mark is skipped) as a recording of one stream.
 * @throws RecordingFault when the file cannot be read, has no header or not the columns asked for
 */
export async function openRecording(options: RecordingOptions, stream: StreamType): Promise<Recording> {
  const { file, zone, delimiter = ',' } = options;
  const { size } = await stat(file).catch((error: unknown) => {
    throw new RecordingFault(`${file} cannot be read: ${messageOf(error)}`);
  });
  const source = createReadStream(file, 'utf8');
  const records = csvRows(linesOf(source), delimiter);
  const first = await records.next().catch((error: unknown) => {
    throw new RecordingFault(`${file} cannot be read: ${messageOf(error)}`);
  });
  if (first.done === true) throw new RecordingFault(`${file} is empty: a header and rows are expected`);
  const header = first.value.cells;
  if (header === undefined) throw new RecordingFault(`${file}: the header cannot be read`);
  const { timeColumn, columns } = columnsOf(header, options, stream);
  const read = rowReader(header, timeColumn, columns, zone);
  return {
    file,
    timeColumn,
    columns,
    fileBytes: size,
    bytesRead: () => source.bytesRead,
    async *rows() {
      for await (const { line, cells } of records) {
        if (cells !== undefined) yield read(cells, line);
        else yield { line, faults: [{ line, column: '', value: '', reason: damaged }], reading: undefined };
      }
    },
  };
}

const damaged = 'the row cannot be read: a quote is not closed, or in the wrong place';

/** A readline interface does not pass the errors of its input on. */
async function* linesOf(source: ReadStream): AsyncGenerator<string> {
  await once(source, 'open');
  yield* createInterface({ input: source, crlfDelay: Infinity });
  if (source.errored !== null) throw source.errored;
}

function rowReader(header: readonly string[], timeColumn: string, columns: readonly Column[], zone: Zone) {
  const timeIndex = header.indexOf(timeColumn);
  let previousTs = -Infinity;
  return (cells: readonly string[], line: number): RecordedRow => {
    const time = readTime(cells[timeIndex] ?? '', zone, previousTs);
    if (time.kind === 'fault') {
      const fault = {
        line,
        column: timeColumn,
        value: shortened(cells[timeIndex] ?? ''),
        reason: time.reason,
      };
      return { line, faults: [fault], reading: undefined };
    }
    previousTs = time.ts;
    const faults: CellFault[] = [];
    const data: Record<string, number | string | boolean> = {};
    for (const column of columns) {
      const cell = cells[header.indexOf(column.name)];
      const value = readValue(cell, column);
      if (value.kind === 'value') data[column.field] = value.value;
      else faults.push({ line, column: column.name, value: shortened(cell ?? ''), reason: value.reason });
    }
    const sendable = Object.keys(data).length > 0;
    return {
      line,
      faults,
      reading: sendable ? { ts: time.ts, data } : undefined,
      ...(time.twice === undefined ? {} : { twice: time.twice }),
    };
  };
}

type ReadTime = { kind: 'time'; ts: number; twice?: 'first' | 'second' } | { kind: 'fault'; reason: string };

/**
 * A local time that was shown twice is ambiguous; the order of the file decides: it is the first one unless a
 * row before it has already reached it. So an hourly recording keeps both of its two-o'clocks.
 */
function readTime(cell: string, zone: Zone, previousTs: number): ReadTime {
  if (cell === '') return { kind: 'fault', reason: 'no time' };
  const parsed = parseTime(cell);
  if (parsed === undefined) return { kind: 'fault', reason: 'not a time' };
  if (typeof parsed === 'number') return { kind: 'time', ts: parsed };
  const instant = zone.instant(parsed);
  if (instant.kind === 'instant') return { kind: 'time', ts: instant.ms };
  if (instant.kind === 'twice') {
    return instant.first > previousTs
      ? { kind: 'time', ts: instant.first, twice: 'first' }
      : { kind: 'time', ts: instant.second, twice: 'second' };
  }
  return { kind: 'fault', reason: `never was in ${zone.name}: the clocks went forward over it` };
}

type ReadValue = { kind: 'value'; value: number | string | boolean } | { kind: 'fault'; reason: string };

function readValue(cell: string | undefined, { kind, conversion }: Column): ReadValue {
  if (cell === undefined) return { kind: 'fault', reason: 'the row is too short' };
  if (cell === '') return { kind: 'fault', reason: 'empty' };
  if (kind === 'string') return { kind: 'value', value: cell };
  if (kind === 'boolean') {
    if (/^(true|1)$/i.test(cell)) return { kind: 'value', value: true };
    return /^(false|0)$/i.test(cell)
      ? { kind: 'value', value: false }
      : { kind: 'fault', reason: 'not true or false' };
  }
  // Number() would take '', '0x1F' and 'Infinity' as well.
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(cell)) return { kind: 'fault', reason: 'not a number' };
  const value = Number(cell);
  if (!Number.isFinite(value)) return { kind: 'fault', reason: 'too large for a number' };
  return { kind: 'value', value: conversion === undefined ? value : conversion.convert(value) };
}

function shortened(cell: string): string {
  return cell.length <= 40 ? cell : `${cell.slice(0, 39)}…`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
