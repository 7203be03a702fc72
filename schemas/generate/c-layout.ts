import { layoutOf } from '../cbor/type-layout.ts';
import type { ShortField, ShortStream } from '../cbor/short-telemetry.ts';
import type { DeviceType } from '../device-type.ts';
import { cString } from './c-declarations.ts';
import type { CStruct } from './c-shape.ts';

/** The layout of the short forms of `hub.v1.cbor` in C, and functions that write readings in that form. */

const tableOf = (prefix: string): string => `${prefix}_layout`;

/** @param readings the struct of each stream, in order */
export function layoutDeclarations(
  { definition }: DeviceType,
  prefix: string,
  readings: readonly CStruct[],
): string[] {
  if (readings.length === 0) return [];
  const { fingerprint } = layoutOf(definition);
  return [
    '/*',
    ' * For hub.v1.cbor: hub_cbor_begin takes the layout. The functions write the values of a reading as they stand in its short form,',
    ' * `[1, seq, place of the stream, time, values]`, for programs with a WebSocket of their own; …_CBOR_MAX is always enough.',
    ' */',
    `#define ${prefix.toUpperCase()}_LAYOUT ${cString(fingerprint)}`,
    `extern const hub_cbor_layout ${tableOf(prefix)};`,
    ...readings.map(({ name }) => `#define ${name.toUpperCase()}_CBOR_MAX (3 * ${name.toUpperCase()}_MAX)`),
    ...readings.map((reading) => `${prototypeOf(reading)};`),
    '',
  ];
}

export function layoutDefinitions(
  { definition }: DeviceType,
  prefix: string,
  readings: readonly CStruct[],
): string[] {
  if (readings.length === 0) return [];
  const { streams } = layoutOf(definition);
  const table = tableOf(prefix);
  return [
    ...streams.flatMap((stream, at) => fieldTable(`${table}_fields_${at}`, stream)),
    `static const hub_cbor_stream ${table}_streams[] = {`,
    ...streams.map(
      ({ name, fields }, at) => `    {${cString(name)}, ${table}_fields_${at}, ${fields.length}},`,
    ),
    '};',
    '',
    `const hub_cbor_layout ${table} = {${prefix.toUpperCase()}_LAYOUT, ${table}_streams, ${streams.length}};`,
    '',
    ...readings.flatMap((reading, at) => [
      `${prototypeOf(reading)} {`,
      `  const size_t length = ${reading.name}_encode_json(value, buffer, size, fault);`,
      `  const size_t written = length == 0 ? 0 : hub_cbor_values(&${table}_streams[${at}], buffer, length, size);`,
      '  if (length > 0 && written == 0) hub_refuse(fault, "", "size");',
      '  return written;',
      '}',
      '',
    ]),
  ];
}

function prototypeOf({ name }: CStruct): string {
  return `size_t ${name}_encode_cbor(const ${name} *value, char *buffer, size_t size, hub_fault *fault)`;
}

function fieldTable(table: string, { fields }: ShortStream): string[] {
  const words = fields.flatMap(({ values }, at) =>
    values === undefined
      ? []
      : [`static const char *const ${table}_words_${at}[] = {${values.map(cString).join(', ')}};`],
  );
  // C has no empty table.
  const rows =
    fields.length === 0 ? ['    {"", 1, 0, 0, NULL},'] : fields.map((field, at) => row(table, field, at));
  return [...words, `static const hub_cbor_field ${table}[] = {`, ...rows, '};', ''];
}

function row(table: string, { name, unit, scale, values }: ShortField, at: number): string {
  const words = values === undefined ? '0, NULL' : `${values.length}, ${table}_words_${at}`;
  return `    {${cString(name)}, INT32_C(${unit}), ${Math.round(Math.log10(scale))}, ${words}},`;
}
