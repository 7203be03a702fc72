import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { run, sdkFolder, strict } from '../../helpers/sdk/c-compiler.ts';
import { armCompiler } from '../../helpers/sdk/cross-compilers.ts';
import packageJson from '../../../package.json' with { type: 'json' };

/** What cannot run here, boards and their systems, is compiled against headers with the same names: `test/stubs`. */

const c = join(sdkFolder, '..');
const text = (path: string): string => readFileSync(join(c, path), 'utf8');
const stubs = (name: string): string[] => ['-I', join(c, 'test/stubs', name), '-I', join(c, 'ports', name)];

test('the ports for ESP-IDF and Zephyr compile against stubs of their headers', () => {
  const only = [...strict, '-D_POSIX_C_SOURCE=200809L', '-fsyntax-only'];
  run('gcc', [...only, ...stubs('esp-idf'), join(c, 'ports/esp-idf/hub_esp.c')]);
  run('gcc', [...only, ...stubs('zephyr'), join(c, 'ports/zephyr/hub_zephyr.c')]);
});

test('the port for Arduino, and with it every header, compiles as C++ against stubs', () => {
  const { program, args, env } = armCompiler();
  const compiler = join(dirname(program), 'arm-none-eabi-g++');
  const flags = [
    '-std=c++11',
    '-fno-exceptions',
    '-Wall',
    '-Wextra',
    '-Werror',
    '-fsyntax-only',
    '-I',
    sdkFolder,
  ];
  run(
    compiler,
    [...args, ...flags, '-I', join(c, 'test/stubs/arduino'), join(c, 'test/stubs/arduino/sketch.cpp')],
    '',
    env,
  );
});

test('every manifest has the version of the project, and names files that exist', () => {
  const library = JSON.parse(text('library.json')) as {
    version: string;
    headers: string[];
    build: { srcDir: string };
  };
  assert.equal(library.version, packageJson.version);
  for (const header of library.headers) assert.ok(existsSync(join(c, library.build.srcDir, header)), header);
  const properties = new Map(
    text('library.properties')
      .trim()
      .split('\n')
      .map((line) => line.split(/=(.*)/s, 2) as [string, string]),
  );
  assert.equal(properties.get('version'), packageJson.version);
  // Those that the Arduino IDE demands of a library.
  for (const name of [
    'name',
    'author',
    'maintainer',
    'sentence',
    'paragraph',
    'category',
    'url',
    'architectures',
  ])
    assert.ok(properties.get(name), name);
  assert.ok(existsSync(join(c, 'src', properties.get('includes') ?? '')));
  const component = parse(text('idf_component.yml')) as { version: string; license: string };
  assert.equal(component.version, packageJson.version);
  assert.equal(component.license, packageJson.license);
  const module = parse(text('zephyr/module.yml')) as { build: { cmake: string; kconfig: string } };
  assert.ok(existsSync(join(c, module.build.cmake, 'CMakeLists.txt')));
  assert.ok(existsSync(join(c, module.build.kconfig)));
  assert.match(text('CMakeLists.txt'), new RegExp(`VERSION ${packageJson.version} `));
});
