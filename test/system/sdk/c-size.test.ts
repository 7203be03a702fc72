import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test, type TestContext } from 'node:test';
import { run, sdkFolder, sdkSources, strict } from '../../helpers/sdk/c-compiler.ts';
import { armCompiler, crossCompilers } from '../../helpers/sdk/cross-compilers.ts';

const folder = mkdtempSync(join(tmpdir(), 'sdk-c-size-'));
after(() => rmSync(folder, { recursive: true }));

const { program, args, env } = armCompiler();
const tool = (name: string): string => join(dirname(program), `arm-none-eabi-${name}`);

/** Bytes of code, and of each variable by its name, of the least firmware for a Cortex-M4. */
function footprint(
  t: TestContext,
  name: string,
  ...options: string[]
): { code: number; variables: Map<string, number> } {
  const elf = join(folder, name);
  const source = join(sdkFolder, '../test/footprint.c');
  const link = ['-nostdlib', '-Wl,--gc-sections', '-Wl,--unresolved-symbols=ignore-all', '-lgcc', '-o', elf];
  run(program, [...strict, ...args, '-fdata-sections', ...options, ...sdkSources, source, ...link], '', env);
  const [, code = ''] = /^\s*(\d+)/m.exec(run(tool('size'), [elf], '', env)) ?? [];
  const symbols = run(tool('nm'), ['-S', elf], '', env).matchAll(/^\w+ (\w+) [bB] (\w+)$/gm);
  const variables = new Map(
    [...symbols].map(([, size = '', symbol = '']) => [symbol, Number.parseInt(size, 16)]),
  );
  t.diagnostic(
    `${name}: ${code} bytes of code; ${[...variables].map(([symbol, size]) => `${symbol} ${size}`).join(', ')}`,
  );
  return { code: Number(code), variables };
}

test('the core takes at most 16 KB of code and 3 KB of state on a Cortex-M4, with all that it needs of libgcc', (t) => {
  const { code, variables } = footprint(t, 'core');
  assert.ok(code <= 16_384, `${code} bytes of code`);
  const state = (variables.get('state_core') ?? Number.NaN) + (variables.get('commands') ?? Number.NaN);
  assert.ok(state <= 3_072, `${state} bytes of state, with two commands`);
});

test('with the ring on flash, for readings and for commands, it takes at most 20 KB', (t) => {
  const { code } = footprint(t, 'whole', '-DWHOLE');
  assert.ok(code <= 20_480, `${code} bytes of code`);
});

test('with binary frames, and the arithmetic of double that they need, the core takes at most 28 KB', (t) => {
  const { code, variables } = footprint(t, 'binary', '-DBINARY');
  assert.ok(code <= 28_672, `${code} bytes of code`);
  assert.ok((variables.get('state_cbor') ?? Number.NaN) <= 128);
});

test('new firmware takes 2 KB more, and 1 KB of state', (t) => {
  const { code, variables } = footprint(t, 'updates', '-DUPDATES');
  assert.ok(code <= 18_432, `${code} bytes of code`);
  assert.ok((variables.get('state_update') ?? Number.NaN) <= 1_024);
});

test('every part compiles for Cortex-M4 and AVR without a warning', () => {
  for (const compiler of crossCompilers())
    for (const source of sdkSources)
      run(
        compiler.program,
        [...strict, ...compiler.args, '-c', source, '-o', join(folder, 'part.o')],
        '',
        compiler.env,
      );
});
