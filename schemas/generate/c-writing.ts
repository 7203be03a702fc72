import type { NumberBound, NumberSteps } from './number-steps.ts';
import { cString } from './c-declarations.ts';
import type { CArray, CEnum, CField, CStruct, CValue } from './c-shape.ts';

/** Functions that check a struct by the rules of its schema and write it as JSON. */

const reserve = (level: number): string => '  '.repeat(level);

export function wordTable({ enumName, words }: CEnum): string[] {
  return [`static const char *const ${enumName}_words[] = {${words.map(cString).join(', ')}};`, ''];
}

/** `static bool write_T(writer, value, fault)` */
export function writeFunction(struct: CStruct): string[] {
  const body = [
    ...presenceChecks(struct),
    '  hub_write_bytes(writer, "{", 1);',
    ...struct.fields.flatMap((field) => writeField(field)),
    '  hub_write_bytes(writer, "}", 1);',
    '  return true;',
  ];
  return [
    `static bool write_${struct.name}(hub_writer *writer, const ${struct.name} *value, hub_fault *fault) {`,
    ...(uses(body, 'value') ? [] : ['  (void)value;']),
    ...(uses(body, 'fault') ? [] : ['  (void)fault;']),
    ...body,
    '}',
    '',
  ];
}

function uses(lines: readonly string[], name: string): boolean {
  return lines.some((line) => new RegExp(`\\b${name}\\b`).test(line));
}

export function encodeFunction(struct: CStruct): { prototype: string; lines: string[] } {
  const prototype = `size_t ${struct.name}_encode_json(const ${struct.name} *value, char *buffer, size_t size, hub_fault *fault)`;
  return {
    prototype,
    lines: [
      `${prototype} {`,
      '  hub_writer writer;',
      '  hub_writer_begin(&writer, buffer, size);',
      `  if (!write_${struct.name}(&writer, value, fault)) return 0;`,
      '  const size_t length = hub_writer_end(&writer);',
      '  if (length == 0) hub_refuse(fault, "", "size");',
      '  return length;',
      '}',
      '',
    ],
  };
}

function isThere({ has }: CField): string {
  return has === undefined ? '1' : `(value->has & ${has}) != 0`;
}

function presenceChecks(struct: CStruct): string[] {
  const lines: string[] = [];
  const choices = struct.anyOf.map((fields) => fields.filter(({ has }) => has !== undefined));
  if (choices.length > 0 && choices.every(({ length }) => length > 0)) {
    const condition = choices.map((fields) => `(${fields.map(isThere).join(' && ')})`).join(' || ');
    lines.push(`  if (!(${condition})) return hub_refuse(fault, "", "anyOf");`);
  }
  const optional = struct.fields.filter(({ has }) => has !== undefined);
  const least = struct.minProperties - (struct.fields.length - optional.length);
  if (least > 0) {
    const bits = optional.map((field) => `(${isThere(field)} ? 1 : 0)`);
    lines.push(`  if (${bits.join(' + ')} < ${least}) return hub_refuse(fault, "", "minProperties");`);
  }
  return lines;
}

function writeField(field: CField): string[] {
  const { name, member, value, has, null: nullable } = field;
  const isList = value.kind === 'array';
  const written = isList
    ? writeArray(`value->${member}`, `value->${member}_count`, value, name, has === undefined ? 1 : 2)
    : writeValue(`value->${member}`, value, name, has === undefined ? 1 : 2);
  const level = has === undefined ? 1 : 2;
  const pad = reserve(level);
  const lines = [`${pad}hub_write_name(writer, ${cString(name)});`];
  if (nullable === undefined) lines.push(...written);
  else {
    const isNaN = value.kind === 'number' ? ` || value->${member} != value->${member}` : '';
    lines.push(
      `${pad}if ((value->null & ${nullable}) != 0${isNaN}) {`,
      `${pad}  hub_write_raw(writer, "null");`,
      `${pad}} else {`,
      ...written.map((line) => `  ${line}`),
      `${pad}}`,
    );
  }
  return has === undefined ? lines : [`  if (${isThere(field)}) {`, ...lines, '  }'];
}

function writeArray(items: string, count: string, array: CArray, field: string, level: number): string[] {
  const pad = reserve(level);
  const at = `index_${level}`;
  return [
    ...(array.minItems > 0 ? [refuseIf(pad, `${count} < ${array.minItems}`, field, 'minItems')] : []),
    refuseIf(pad, `${count} > ${array.maxItems}`, field, 'maxItems'),
    `${pad}hub_write_bytes(writer, "[", 1);`,
    `${pad}for (size_t ${at} = 0; ${at} < ${count}; ${at} += 1) {`,
    `${pad}  hub_write_comma(writer);`,
    ...writeValue(`${items}[${at}]`, array.item, field, level + 1),
    `${pad}}`,
    `${pad}hub_write_bytes(writer, "]", 1);`,
  ];
}

export function refuseIf(pad: string, condition: string, field: string, rule: string): string {
  return `${pad}if (${condition}) return hub_refuse(fault, ${cString(field)}, ${cString(rule)});`;
}

function writeValue(expression: string, value: CValue, field: string, level: number): string[] {
  const pad = reserve(level);
  switch (value.kind) {
    case 'number':
      return [...numberChecks(expression, value, field, pad), ...writeNumber(expression, value, pad)];
    case 'integer':
      return [
        ...integerChecks(expression, value, field, pad),
        value.steps === undefined
          ? `${pad}hub_write_integer(writer, ${expression});`
          : writeSteps(`(double)${expression}`, value.steps, pad),
      ];
    case 'boolean':
      return [`${pad}hub_write_boolean(writer, ${expression});`];
    case 'enum':
      return [
        refuseIf(pad, `(unsigned)${expression} >= ${value.words.length}u`, field, 'enum'),
        `${pad}hub_write_string(writer, ${value.type}_words[${expression}]);`,
      ];
    case 'string':
      return [
        refuseIf(pad, `${expression} == NULL`, field, 'type'),
        ...lengthChecks(expression, value, field, pad),
        `${pad}hub_write_string(writer, ${expression});`,
      ];
    case 'object':
      return [`${pad}if (!write_${value.struct.name}(writer, &${expression}, fault)) return false;`];
    case 'list':
      return writeArray(`${expression}.items`, `${expression}.items_count`, value.array, field, level);
    case 'array':
      throw new TypeError(`${field} is an array in an array, which has a type of its own`);
  }
}

export function lengthChecks(
  expression: string,
  { minLength, maxLength }: { minLength: number; maxLength: number },
  field: string,
  pad: string,
): string[] {
  return [
    ...(minLength > 0
      ? [refuseIf(pad, `hub_characters(${expression}) < ${minLength}`, field, 'minLength')]
      : []),
    refuseIf(pad, `hub_characters(${expression}) > ${maxLength}`, field, 'maxLength'),
  ];
}

/** As a literal of type double. */
function cDouble(value: number): string {
  const text = String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

function numberChecks(
  expression: string,
  { bounds }: Extract<CValue, { kind: 'number' }>,
  field: string,
  pad: string,
): string[] {
  return [
    // Infinity minus itself is NaN too.
    refuseIf(pad, `!(${expression} - ${expression} <= 0)`, field, 'type'),
    ...boundChecks(expression, bounds, field, pad),
  ];
}

export function boundChecks(
  expression: string,
  bounds: readonly NumberBound[],
  field: string,
  pad: string,
): string[] {
  return bounds.map(({ refusedWhen, bound, rule }) =>
    refuseIf(pad, `${expression} ${refusedWhen} ${cDouble(bound)}`, field, rule),
  );
}

function integerChecks(
  expression: string,
  { type, low, high }: Extract<CValue, { kind: 'integer' }>,
  field: string,
  pad: string,
): string[] {
  const least = type === 'int32_t' ? -(2 ** 31) : 0;
  const needsLow = type !== 'uint32_t' || low > 0;
  const most = type === 'int32_t' ? 2 ** 31 - 1 : 2 ** 32 - 1;
  return [
    ...(needsLow && !(type === 'int32_t' && low === least)
      ? [refuseIf(pad, `${expression} < ${cInteger(low)}`, field, 'minimum')]
      : []),
    ...(type !== 'int64_t' && high === most
      ? []
      : [refuseIf(pad, `${expression} > ${cInteger(high)}`, field, 'maximum')]),
  ];
}

function cInteger(value: number): string {
  if (value === -(2 ** 31)) return 'INT32_MIN';
  if (value > 2 ** 31 - 1 && value < 2 ** 32) return `UINT32_C(${value})`;
  if (Math.abs(value) > 2 ** 31 - 1) return `INT64_C(${value})`;
  // An int has 16 bits on AVR.
  return Math.abs(value) > 32_767 ? `INT32_C(${value})` : String(value);
}

function writeNumber(
  expression: string,
  { steps }: Extract<CValue, { kind: 'number' }>,
  pad: string,
): string[] {
  if (steps === undefined) return [`${pad}hub_write_number(writer, ${expression});`];
  return [writeSteps(expression, steps, pad)];
}

function writeSteps(
  expression: string,
  { step, unit, decimals, lowest, highest }: NumberSteps,
  pad: string,
): string {
  const bounds = `INT64_C(${lowest}), INT64_C(${highest})`;
  return `${pad}hub_write_steps(writer, ${expression}, ${cDouble(step)}, ${bounds}, INT32_C(${unit}), ${decimals});`;
}
