import { cutText } from '../../schemas/cut-text.ts';
import { once } from 'node:events';
import { createReadStream, type ReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { StreamType } from '../../schemas/index.ts';
import { csvRows } from './csv-rows.ts';
import { columnsOf, type Column, type ColumnRequest } from './recording-columns.ts';
import { RecordingFault } from './recording-fault.ts';
import { parseTime, type Zone } from './zone.ts';

/** A cell or a whole line without a usable value. */
export interface CellFault {
  /** The line where the row starts; the header is line 1. */
  line: number;
  column: string;
  /** The text in the file, shortened. */
  value: string;
  reason: string;
}

export interface RecordedRow {
  line: number;
  faults: readonly CellFault[];
  /** Undefined when the row cannot be sent: it has no time, or no field with a value. */
  reading: { ts: number; data: Record<string, number | string | boolean> } | undefined;
  /** For a local time that occurs twice (clocks went back): which of the two was chosen. */
  twice?: 'first' | 'second' | undefined;
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
  /** How many bytes of the file have been read. */
  bytesRead(): number;
  /** The rows; a damaged one does not end the iteration. */
  rows(): AsyncIterable<RecordedRow>;
}

/**
 * Opens a CSV file (RFC 4180: header, quotes, any line ends; a byte order mark is skipped) as a recording of a stream.
 * @throws RecordingFault when the file cannot be read, has no header or lacks a requested column
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
  if (header === undefined) throw new RecordingFault(`${file}: the header cannot be parsed`);
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

const damaged = 'the row cannot be parsed: a quote is not closed, or is in the wrong place';

/** A readline interface does not forward the errors of its input. */
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
      twice: time.twice,
    };
  };
}

type ReadTime = { kind: 'time'; ts: number; twice?: 'first' | 'second' } | { kind: 'fault'; reason: string };

/**
 * A local time that occurs twice is ambiguous. The order of the file decides: it is the first one unless an earlier
 * row has already reached it. So an hourly recording keeps both of its rows for two o'clock.
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
  return { kind: 'fault', reason: `does not exist in ${zone.name}: the clocks went forward` };
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
  // Number() would also accept '', '0x1F' and 'Infinity'.
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(cell)) return { kind: 'fault', reason: 'not a number' };
  const value = Number(cell);
  if (!Number.isFinite(value)) return { kind: 'fault', reason: 'too large for a number' };
  return { kind: 'value', value: conversion === undefined ? value : conversion.convert(value) };
}

function shortened(cell: string): string {
  return cell.length <= 40 ? cell : `${cutText(cell, 39)}…`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
