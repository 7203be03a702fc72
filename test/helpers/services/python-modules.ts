import { spawnSync } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { unpacked } from './debian-packages.ts';

/** The WebSocket library of Python whose code the tests run, and the Debian package that brings it. */
const moduleName = 'websocket';
const debianPackage = 'python3-websocket';

/** With the module of the cache folder, after what this Python has itself. */
export const pythonEnv: NodeJS.ProcessEnv = {
  ...process.env,
  PYTHONPATH: [process.env['PYTHONPATH'] ?? [], join(unpacked, 'usr/lib/python3/dist-packages')]
    .flat()
    .join(delimiter),
};

/** The Debian package, unless Python finds the module already. */
export function missingPythonPackages(): string[] {
  return hasModule() ? [] : [debianPackage];
}

/** @throws when Python does not find the module, with the way out */
export function demandPythonModule(): void {
  if (hasModule()) return;
  throw new Error(
    `Python has no module ${moduleName}. Install it (Debian: apt-get install ${debianPackage}; elsewhere: pip install websocket-client)`,
  );
}

function hasModule(): boolean {
  return spawnSync('python3', ['-c', `import ${moduleName}`], { env: pythonEnv }).status === 0;
}
