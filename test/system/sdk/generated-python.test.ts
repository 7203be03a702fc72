import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { pythonCode } from '../../../schemas/generate/python-code.ts';
import { loadDeviceTypes, type Check, type DeviceType } from '../../../schemas/index.ts';
import { attempts } from '../../helpers/fuzz/schema-values.ts';
import { run } from '../../helpers/sdk/c-compiler.ts';

/** Generated Python, held against the hub's own validator. */

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const shipped = await loadDeviceTypes(at('../../../schemas/device-types'));
const wide = await loadDeviceTypes(at('../../data/generated/types'));
const types = [...shipped.all(), ...wide.all()];

const folder = mkdtempSync(join(tmpdir(), 'generated-python-'));
after(() => rmSync(folder, { recursive: true }));

interface Checked {
  /** The function of the generated module. */
  name: string;
  schema: object;
  check: Check;
}

function checkedOf({ streams, events, commands, twin, definition }: DeviceType): Checked[] {
  const snake = (name: string): string => name.replaceAll('-', '_');
  return [
    ...[...streams.values()].map(({ name, check }) => ({
      name: `stream_${snake(name)}`,
      schema: definition.streams?.[name] ?? {},
      check,
    })),
    ...[...events.values()].map(({ name, check }) => ({
      name: `event_${snake(name)}`,
      schema: definition.events?.[name] ?? {},
      check,
    })),
    ...(twin === undefined
      ? []
      : [
          { name: 'desired', schema: twin.desired, check: twin.checkDesired },
          { name: 'reported', schema: twin.reported, check: twin.checkReported },
        ]),
    ...[...commands.values()].flatMap(({ name, params, output, checkParams, checkOutput }) => [
      { name: `${snake(name)}_params`, schema: params, check: checkParams },
      { name: `${snake(name)}_output`, schema: output, check: checkOutput },
    ]),
  ];
}

for (const type of types) {
  test(`generated Python of ${type.id} accepts what the hub accepts, and what it makes of it the hub accepts too`, () => {
    for (const { name, text } of pythonCode(type)) writeFileSync(join(folder, name), text);
    const all = checkedOf(type);
    const each = Math.ceil(10_000 / types.length / all.length);
    const calls = all.flatMap(({ name, schema, check }) =>
      fc
        .sample(attempts(schema, {}), { numRuns: each, seed: 7 })
        // For null, Python has NULL; None leaves a field out.
        .filter((data) => data !== undefined && !JSON.stringify(data).includes('null'))
        .map((data) => ({ name, check, data: JSON.parse(JSON.stringify(data)) as unknown })),
    );
    const input = calls.map(({ name, data }) => `${JSON.stringify({ name, data })}\n`).join('');
    const script = at('generated-python.py');
    const lines = run('python3', ['-B', script, folder, type.name.replaceAll('-', '_')], input)
      .trimEnd()
      .split('\n');
    assert.equal(lines.length, calls.length);
    for (const [index, { name, data, check }] of calls.entries()) {
      const said = JSON.parse(lines[index] ?? '') as { refusal?: string; data?: unknown };
      const fault = check(data);
      const told = `${name} ${JSON.stringify(data)}: Python says ${lines[index]}, the hub ${JSON.stringify(fault)}`;
      assert.equal(said.refusal !== undefined, fault !== undefined, told);
      if (said.refusal === undefined) assert.equal(check(said.data), undefined, told);
    }
  });
}
