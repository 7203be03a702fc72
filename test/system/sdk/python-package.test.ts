import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { run } from '../../helpers/sdk/c-compiler.ts';
import { pythonFolder } from '../../helpers/sdk/python-sdk.ts';
import { pythonEnv } from '../../helpers/services/python-modules.ts';
import packageJson from '../../../package.json' with { type: 'json' };

const folder = mkdtempSync(join(tmpdir(), 'sdk-python-'));
after(() => rmSync(folder, { recursive: true }));

/** Builds both by the backend that pyproject.toml names, and prints what is in them. */
const build = `
import contextlib, io, json, os, sys, tarfile, zipfile
from email import message_from_string
from setuptools import build_meta
with contextlib.redirect_stdout(io.StringIO()):
    names = [build_meta.build_sdist("out"), build_meta.build_wheel("out")]
wheel = zipfile.ZipFile(os.path.join("out", names[1]))
metadata = [name for name in wheel.namelist() if name.endswith("METADATA")][0]
message = message_from_string(wheel.read(metadata).decode())
print(json.dumps({
    "sdist": tarfile.open(os.path.join("out", names[0])).getnames(),
    "wheel": names[1],
    "files": wheel.namelist(),
    "metadata": {name.lower(): value for name, value in message.items()},
}))
`;

interface Built {
  sdist: string[];
  wheel: string;
  files: string[];
  metadata: Record<string, string>;
}

test('pyproject.toml builds a source archive and a wheel that installs and needs nothing else', () => {
  const copy = join(folder, 'python');
  cpSync(pythonFolder, copy, { recursive: true });
  const printed = run(
    'sh',
    ['-c', `cd '${copy}' && python3 -W ignore -c '${build}' 2>/dev/null`],
    '',
    pythonEnv,
  );
  const { sdist, wheel, files, metadata } = JSON.parse(printed) as Built;
  assert.ok(sdist.some((name) => name.endsWith('/README.md')));
  assert.match(wheel, /^device_hub-.*-py3-none-any\.whl$/);
  assert.ok(files.includes('device_hub/py.typed'));
  assert.equal(metadata['name'], 'device-hub');
  assert.equal(metadata['version'], packageJson.version);
  assert.equal(metadata['license'], packageJson.license);
  assert.equal(metadata['requires-python'], '>=3.9');
  assert.equal(metadata['requires-dist'], undefined);
  const installed = join(folder, 'installed');
  run('python3', ['-m', 'zipfile', '-e', join(copy, 'out', wheel), installed]);
  assert.ok(existsSync(join(installed, 'device_hub/core.py')));
  // Nothing but the wheel: `-S` hides what is installed elsewhere.
  const loaded = run('python3', ['-S', '-c', 'import device_hub.aio; print(device_hub.__file__)'], '', {
    ...process.env,
    PYTHONPATH: installed,
  });
  assert.match(loaded, /installed/);
});
