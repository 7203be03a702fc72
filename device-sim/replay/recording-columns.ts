import type { FieldKind, StreamType } from '../../schemas/index.ts';
import { RecordingFault } from './recording-fault.ts';
import type { Conversion } from '../device/units.ts';

/** One column of the file and the field it is sent as. */
export interface Column {
  name: string;
  field: string;
  kind: FieldKind;
  conversion: Conversion | undefined;
}

/** The caller's options about the columns. */
export interface ColumnRequest {
  /** Given by the caller, or by default `timestamp`, `time`, `datetime`, `date` or `ts`, else the first column. */
  timeColumn?: string;
  /** Column → field; empty: by name, or the only column. */
  columns: ReadonlyMap<string, string>;
  /** By field. */
  conversions: ReadonlyMap<string, Conversion>;
}

const timeNames = new Set(['timestamp', 'time', 'datetime', 'date', 'ts']);

/**
 * Decides which columns are sent as which fields. By default columns with the name of a field are that field, and a
 * single column of another name is the stream's required field (`value` → `temperature`).
 * @throws RecordingFault when that is ambiguous, naming the columns and fields
 */
export function columnsOf(
  header: readonly string[],
  request: ColumnRequest,
  stream: StreamType,
): { timeColumn: string; columns: Column[] } {
  const timeColumn = timeColumnOf(header, request.timeColumn);
  const wanted = request.columns.size > 0 ? request.columns : guessed(header, timeColumn, stream);
  const columns = [...wanted].map(([name, field]): Column => {
    if (!header.includes(name))
      throw new RecordingFault(`there is no column ${name}; the file has ${header.join(', ')}`);
    // The hub rejects a field that the stream does not have; its answer names the rule.
    const kind = stream.fields.find((candidate) => candidate.name === field)?.kind ?? 'float';
    return { name, field, kind, conversion: request.conversions.get(field) };
  });
  for (const field of request.conversions.keys()) {
    if (!columns.some((column) => column.field === field)) {
      throw new RecordingFault(`--unit ${field}: no column is sent as ${field}`);
    }
  }
  return { timeColumn, columns };
}

function timeColumnOf(header: readonly string[], named: string | undefined): string {
  if (named !== undefined) {
    if (header.includes(named)) return named;
    throw new RecordingFault(`there is no time column ${named}; the file has ${header.join(', ')}`);
  }
  const usual = header.find((name) => timeNames.has(name.toLowerCase()));
  return usual ?? header[0] ?? '';
}

function guessed(header: readonly string[], timeColumn: string, stream: StreamType): Map<string, string> {
  const others = header.filter((name) => name !== timeColumn && name !== '');
  const byName = new Map<string, string>();
  for (const name of others) {
    const field = stream.fields.find((candidate) => candidate.name === name.toLowerCase());
    if (field !== undefined) byName.set(name, field.name);
  }
  if (byName.size > 0) return byName;
  const [only] = others;
  const required = requiredField(stream);
  if (only !== undefined && others.length === 1 && required !== undefined) return new Map([[only, required]]);
  const fields = stream.fields.map(({ name }) => name).join(', ');
  throw new RecordingFault(
    `use --column COLUMN=FIELD to say which column is which field; columns: ${others.join(', ')}; fields: ${fields}`,
  );
}

/** The field for whose absence an empty reading is rejected. */
function requiredField(stream: StreamType): string | undefined {
  const error = stream.check({});
  return error?.keyword === 'required' ? error.path.slice(1) : undefined;
}
