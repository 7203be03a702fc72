import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { readCbor } from '../../../schemas/cbor/cbor-reader.ts';
import { expandTelemetry } from '../../../schemas/cbor/expanded-telemetry.ts';
import { layoutOf } from '../../../schemas/cbor/type-layout.ts';
import { cCode } from '../../../schemas/generate/c-code.ts';
import { CShapes, type CStruct } from '../../../schemas/generate/c-shape.ts';
import { emptyObject, type ObjectDefinition } from '../../../schemas/device-type-definition.ts';
import { loadDeviceTypes, type Check, type DeviceType } from '../../../schemas/index.ts';
import { attempts } from '../../helpers/fuzz/schema-values.ts';
import { run, sanitized, sdkFolder, strict } from '../../helpers/sdk/c-compiler.ts';
import { printStruct } from '../../helpers/sdk/c-printing.ts';
import { structValues, type Twin } from '../../helpers/sdk/c-values.ts';
import { crossCompilers } from '../../helpers/sdk/cross-compilers.ts';

/** Generated C: compiled strictly, run under the sanitizers, and held against the hub's own validator. */

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const shipped = await loadDeviceTypes(at('../../../schemas/device-types'));
const wide = await loadDeviceTypes(at('../../data/generated/types'));
const types = [...shipped.all(), ...wide.all()];

const folder = mkdtempSync(join(tmpdir(), 'generated-c-'));
after(() => rmSync(folder, { recursive: true }));

/** Values of all structs together; each type has an equal share. */
const valuesInAll = 10_000;

interface Judged {
  struct: CStruct;
  check: Check;
}

/** What the device sends by this type, and what it reads; named as the generator names them. */
function judgedOf(type: DeviceType): {
  sent: Judged[];
  taken: { name: string; params: ObjectDefinition; struct: CStruct; check: Check }[];
} {
  const { streams = {}, events = {}, commands = {}, twin } = type.definition;
  const prefix = type.name.replaceAll('-', '_');
  const shapes = new CShapes();
  const named = (name: string): string => `${prefix}_${name.replaceAll('-', '_')}`;
  const sent: Judged[] = [];
  for (const [name, schema] of Object.entries(streams)) {
    const check = type.streams.get(name)?.check;
    if (check !== undefined) sent.push({ struct: shapes.struct(named(name), schema, 'encode'), check });
  }
  for (const [name, schema] of Object.entries(events)) {
    const check = type.events.get(name)?.check;
    if (check !== undefined)
      sent.push({ struct: shapes.struct(named(`event-${name}`), schema, 'encode'), check });
  }
  if (twin !== undefined && type.twin !== undefined)
    sent.push({
      struct: shapes.struct(named('reported'), twin.reported, 'encode'),
      check: type.twin.checkReported,
    });
  const taken = Object.entries(commands).flatMap(([name, { params = emptyObject }]) => {
    const check = type.commands.get(name)?.checkParams;
    if (check === undefined || Object.keys(params.properties ?? {}).length === 0) return [];
    return [{ name, params, struct: shapes.struct(named(`${name}-params`), params, 'decode'), check }];
  });
  if (twin !== undefined && type.twin !== undefined) {
    const struct = shapes.struct(named('desired'), twin.desired, 'decode');
    taken.unshift({ name: 'desired', params: twin.desired, struct, check: type.twin.checkDesired });
  }
  return { sent, taken };
}

function writeType(type: DeviceType): string {
  for (const { name, text } of cCode(type)) writeFileSync(join(folder, name), text);
  return type.name.replaceAll('-', '_');
}

function build(name: string, main: string, sources: readonly string[]): string {
  const file = join(folder, `${name}.c`);
  writeFileSync(file, main);
  const sdk = ['hub_cbor.c', 'hub_json.c', 'hub_outcome.c', 'hub_walk.c'].map((source) =>
    join(sdkFolder, source),
  );
  const program = join(folder, name);
  run('gcc', [
    ...strict,
    ...sanitized,
    '-I',
    folder,
    file,
    ...sources.map((one) => join(folder, one)),
    ...sdk,
    '-o',
    program,
  ]);
  return program;
}

/** Written without an exponent; the others are scaled first. */
function isPlain(value: number): boolean {
  return Math.abs(value) >= 1e-6 && Math.abs(value) < 1e15;
}

/** Every number within half a step of what it was, everything else the same. */
function assertSame(got: unknown, wanted: unknown, step: (path: string) => number, path: string): void {
  if (typeof wanted === 'number') {
    assert.equal(typeof got, 'number', path);
    const off = Math.abs(Number(got) - wanted);
    const most = Math.max(step(path) * 1.000_001, Math.abs(wanted) * (isPlain(wanted) ? 2e-15 : 2e-14));
    assert.ok(
      off <= most,
      `${path} is ${String(got)}; it was ${wanted}, and ${most} is the most it may be off`,
    );
  } else if (typeof wanted === 'object' && wanted !== null) {
    assert.ok(typeof got === 'object' && got !== null, path);
    assert.deepEqual(Object.keys(got), Object.keys(wanted), path);
    for (const [name, member] of Object.entries(wanted))
      assertSame(Reflect.get(got, name), member, step, `${path}.${name}`);
  } else assert.deepEqual(got, wanted, path);
}

/** Path of a field to how far rounding and staying within bounds may move it. */
function stepsOf(struct: CStruct, path = ''): Map<string, number> {
  const found = new Map<string, number>();
  for (const { name, value } of struct.fields) {
    if ((value.kind === 'number' || value.kind === 'integer') && value.steps !== undefined)
      // A bound that is no multiple of the step moves a value by up to a whole step.
      found.set(`${path}.${name}`, value.steps.step);
    if (value.kind === 'object')
      for (const entry of stepsOf(value.struct, `${path}.${name}`)) found.set(...entry);
  }
  return found;
}

/** C reads digits as the nearest double where one operation does it: up to 22 places before or behind the point. */
function hasExtremes(data: unknown): boolean {
  if (typeof data === 'number') return data !== 0 && (Math.abs(data) < 1e-7 || Math.abs(data) > 1e22);
  return typeof data === 'object' && data !== null && Object.values(data).some(hasExtremes);
}

/** What the hub takes the values of a short form for. */
function dataOf(type: DeviceType, stream: number, hex: string): unknown {
  const read = readCbor(Buffer.from(hex, 'hex'));
  assert.ok(read.kind === 'read' && read.faults === undefined, hex);
  const { streams } = layoutOf(type.definition);
  const expanded = expandTelemetry([1, 1, stream, 0, read.value], streams);
  assert.equal(expanded?.fault, undefined);
  return expanded?.frame['data'];
}

for (const type of types) {
  test(`what generated C of ${type.id} writes is what the hub accepts, and it refuses the rest`, () => {
    const prefix = writeType(type);
    const { sent } = judgedOf(type);
    const each = Math.ceil(valuesInAll / types.length / sent.length);
    const samples = sent.map(({ struct }) => fc.sample(structValues(struct), { numRuns: each, seed: 7 }));
    const main = [
      `#include "${prefix}.h"`,
      '#include <math.h>',
      '#include <stdio.h>',
      ...sent.map(
        ({ struct }, index) =>
          `static const ${struct.name} values_${index}[] = {${(samples[index] ?? []).map(({ c }) => c).join(',\n')}};`,
      ),
      'int main(void) {',
      ...sent.map(({ struct }, index) =>
        [
          `for (size_t index = 0; index < ${each}; index += 1) {`,
          `  static char buffer[${struct.name.toUpperCase()}_MAX];`,
          '  hub_fault fault = {"", ""};',
          `  if (${struct.name}_encode_json(&values_${index}[index], buffer, sizeof buffer, &fault) > 0) {`,
          '    puts(buffer);',
          ...(index < type.streams.size
            ? [
                `    static char bytes[${struct.name.toUpperCase()}_CBOR_MAX];`,
                `    const size_t length = ${struct.name}_encode_cbor(&values_${index}[index], bytes, sizeof bytes, &fault);`,
                '    for (size_t at = 0; at < length; at += 1) printf("%02x", (unsigned char)bytes[at]);',
                '    puts("");',
              ]
            : []),
          '  }',
          '  else printf("!%s %s\\n", fault.field, fault.rule);',
          '}',
        ].join('\n'),
      ),
      'return 0;',
      '}',
    ].join('\n');
    const lines = run(build(`write_${prefix}`, main, [`${prefix}.c`]), []).split('\n');
    let [accepted, line] = [0, 0];
    for (const [index, { struct, check }] of sent.entries()) {
      const steps = stepsOf(struct);
      for (const { json, c } of samples[index] ?? ([] as Twin[])) {
        const text = lines[line] ?? '';
        line += 1;
        if (text.startsWith('!')) {
          assert.ok(!text.endsWith(' size'), `${struct.name}_MAX is too small for ${c}`);
          assert.notEqual(
            check(json),
            undefined,
            `${text} is refused, but the hub takes ${JSON.stringify(json)}`,
          );
          continue;
        }
        accepted += 1;
        const parsed: unknown = JSON.parse(text);
        assert.equal(check(parsed), undefined, `the hub refuses ${text}, made of ${c}`);
        assertSame(parsed, json, (path) => steps.get(path) ?? 0, '');
        if (index >= type.streams.size) continue;
        const data = dataOf(type, index, lines[line] ?? '');
        if (hasExtremes(parsed)) assertSame(data, parsed, () => 0, '');
        else assert.deepEqual(data, parsed, 'the short form says the same');
        line += 1;
      }
    }
    assert.ok(
      accepted > (each * sent.length) / 10,
      `only ${accepted} of ${each * sent.length} values were right`,
    );
  });

  test(`generated C of ${type.id} takes the parameters that the hub takes, and no others`, () => {
    const prefix = writeType(type);
    const { taken } = judgedOf(type);
    const each = Math.ceil(2_000 / Math.max(1, taken.length));
    const texts = taken.map(({ params }) =>
      fc
        .sample(attempts(params, {}), { numRuns: each, seed: 7 })
        .map((value) => JSON.stringify(value))
        // C strings end at a NUL, so generated code refuses it.
        .filter(
          (text) => text !== undefined && !text.includes(String.raw`\u0000`) && !/\\ud[89a-f]/.test(text),
        ),
    );
    const main = [
      `#include "${prefix}.h"`,
      '#include <stdio.h>',
      '#include <string.h>',
      'static bool first;',
      'static void print_text(const char *text) { static char out[9000]; hub_writer w; hub_writer_begin(&w, out, sizeof out); hub_write_string(&w, text); hub_writer_end(&w); fputs(out, stdout); }',
      'int main(void) {',
      '  static char line[1 << 20];',
      '  (void)first; (void)print_text;',
      ...taken.map(({ struct }, index) =>
        [
          `  for (size_t count = 0; count < ${texts[index]?.length ?? 0}; count += 1) {`,
          `    static ${struct.name} value;`,
          '    hub_fault fault = {"", ""};',
          '    if (fgets(line, sizeof line, stdin) == NULL) return 1;',
          `    if (${struct.name}_decode_json(&value, line, strlen(line), &fault)) { ${printStruct('value', struct).join('\n')} }`,
          '    else printf("!%s %s", fault.field, fault.rule);',
          '    puts("");',
          '  }',
        ].join('\n'),
      ),
      '  return 0;',
      '}',
    ].join('\n');
    const lines = run(
      build(`read_${prefix}`, main, [`${prefix}.c`]),
      [],
      `${texts.flat().join('\n')}\n`,
    ).split('\n');
    let line = 0;
    for (const [index, { check, name }] of taken.entries()) {
      for (const text of texts[index] ?? []) {
        const said = lines[line] ?? '';
        line += 1;
        const value: unknown = JSON.parse(text);
        const wanted = check(value);
        assert.equal(
          said.startsWith('!'),
          wanted !== undefined,
          `${name} ${text}: C says ${said}, the hub ${JSON.stringify(wanted)}`,
        );
      }
    }
  });
}

test('generated C and the SDK that it needs compile for Cortex-M4 and for AVR without a warning', () => {
  for (const { program, args, env } of crossCompilers()) {
    for (const type of types) {
      const prefix = writeType(type);
      run(
        program,
        [...strict, ...args, '-I', folder, '-c', join(folder, `${prefix}.c`), '-o', join(folder, 'cross.o')],
        '',
        env,
      );
    }
  }
});
