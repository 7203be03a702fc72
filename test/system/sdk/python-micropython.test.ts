import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadMicroPython } from '@micropython/micropython-webassembly-pyscript/micropython.mjs';
import { pythonFolder } from '../../helpers/sdk/python-sdk.ts';

/** The core on MicroPython itself, as its port for WebAssembly: a port without sockets, with files in memory. */

const source = join(pythonFolder, 'src/device_hub');

test('the core holds its promises in each scenario, run by MicroPython', async (t) => {
  const printed: string[] = [];
  const options = { stdout: (line: string) => printed.push(line), linebuffer: true, heapsize: 512 * 1024 };
  const { FS, runPython } = await loadMicroPython(options);
  FS.mkdir('/device_hub');
  for (const name of readdirSync(source)) {
    if (name.endsWith('.py')) FS.writeFile(`/device_hub/${name}`, readFileSync(join(source, name), 'utf8'));
  }
  runPython(
    'import sys\nsys.path.append("/")\nimport device_hub, gc\ngc.collect()\nprint("%d" % gc.mem_alloc())',
  );
  t.diagnostic(`${printed.pop()} bytes of heap with the core loaded from its source`);
  runPython(readFileSync(join(pythonFolder, 'test/scenarios.py'), 'utf8'));
  assert.deepEqual(printed, ['all hold']);
});
