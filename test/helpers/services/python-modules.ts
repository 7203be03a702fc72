import { spawnSync } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { unpacked } from './debian-packages.ts';

/**
 * Modules of Python, the Debian package of each and its name elsewhere: the WebSocket library whose code the tests run, what
 * builds the package of the SDK, and the templates of Home Assistant.
 */
const modules = [
  { name: 'websocket', debian: 'python3-websocket', pip: 'websocket-client' },
  { name: 'jinja2', debian: 'python3-jinja2', pip: 'jinja2' },
  { name: 'markupsafe', debian: 'python3-markupsafe', pip: 'markupsafe' },
  { name: 'setuptools', debian: 'python3-setuptools', pip: 'setuptools' },
  { name: 'pkg_resources', debian: 'python3-pkg-resources', pip: 'setuptools' },
  { name: 'wheel', debian: 'python3-wheel', pip: 'wheel' },
] as const;

/** With the modules of the cache folder, after what this Python has itself. */
export const pythonEnv: NodeJS.ProcessEnv = {
  ...process.env,
  PYTHONPATH: [process.env['PYTHONPATH'] ?? [], join(unpacked, 'usr/lib/python3/dist-packages')]
    .flat()
    .join(delimiter),
};

function missing(): (typeof modules)[number][] {
  return modules.filter(
    ({ name }) => spawnSync('python3', ['-c', `import ${name}`], { env: pythonEnv }).status !== 0,
  );
}

/** The Debian packages of those that Python does not find. */
export function missingPythonPackages(): string[] {
  return missing().map(({ debian }) => debian);
}

/** @throws when Python does not find one, with the way out */
export function demandPythonModules(): void {
  const lacking = missing();
  if (lacking.length === 0) return;
  const names = lacking.map(({ name }) => name).join(', ');
  const debian = lacking.map((module) => module.debian).join(' ');
  const pip = lacking.map((module) => module.pip).join(' ');
  throw new Error(
    `Python has no module ${names}. Install it (Debian: apt-get install ${debian}; elsewhere: pip install ${pip})`,
  );
}
