/**
 * Run by `npm test` before the tests: finds or brings InfluxDB, Mosquitto and its clients, PostgreSQL, spin, modules of Python, compilers for microcontrollers, TLS libraries of C, Node-RED
 * (and Chromium once there are browser tests), prints one line for each, and fails with the way out when one is missing; builds the console.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installChromium, unpackPackages } from './debian-packages.ts';
import { demandLibraries, missingLibraryPackages } from '../sdk/c-libraries.ts';
import { prepareNodeRed } from './node-red.ts';
import { demandPythonModules, missingPythonPackages } from './python-modules.ts';
import { findProgram, packagesOf, versionOf, wayOut, type ProgramName } from './services.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** The services the tests of this tree need. */
function needed(): ProgramName[] {
  const servers: ProgramName[] = [
    'influxd',
    'mosquitto',
    'mosquitto_pub',
    'mosquitto_sub',
    'postgres',
    'spin',
    'faketime',
    'prometheus',
    'promtool',
  ];
  const compilers: ProgramName[] = ['arm-none-eabi-gcc', 'avr-gcc'];
  const hasBrowserTests = globSync('test/browser/**/*.test.ts', { cwd: root }).length > 0;
  return [...servers, ...compilers, ...(hasBrowserTests ? (['chromium'] as const) : [])];
}

/** apt and dpkg say in the error's stderr what went wrong. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const said = 'stderr' in error && typeof error.stderr === 'string' ? error.stderr.trim() : '';
  return said === '' ? error.message : said;
}

/** Brings what Debian can bring of the missing ones; elsewhere, and for what needs root, does nothing. */
function bring(missing: readonly ProgramName[]): void {
  const packages = new Set([
    ...missing.flatMap(packagesOf),
    ...missingPythonPackages(),
    ...missingLibraryPackages(),
  ]);
  if ((missing.length === 0 && packages.size === 0) || !existsSync('/usr/bin/apt-get')) return;
  if (packages.size > 0) unpackPackages([...packages]);
  if (missing.includes('chromium') && process.getuid?.() === 0) installChromium();
}

/** Browser tests take the console as it is built. */
function buildConsole(): void {
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  const folder = join(root, 'dashboards', 'console');
  execFileSync(process.execPath, [vite, 'build', '--logLevel', 'warn', folder], { stdio: 'pipe' });
}

const faults: string[] = [];

function attempt(work: () => void): void {
  try {
    work();
  } catch (error) {
    faults.push(reasonOf(error));
  }
}

const missing: ProgramName[] = [];
const usable: ProgramName[] = [];
for (const name of needed()) {
  attempt(() => {
    if (findProgram(name) === undefined) missing.push(name);
    usable.push(name);
  });
}
attempt(() => bring(missing));
for (const name of usable) {
  attempt(() => {
    const found = findProgram(name);
    if (found === undefined) throw new Error(`${name} is missing. ${wayOut(name)}`);
    process.stdout.write(`${name} ${versionOf(name, found)}  ${found.path}\n`);
  });
}
attempt(() => {
  process.stdout.write(`node-red ${prepareNodeRed()}\n`);
});
attempt(demandPythonModules);
attempt(demandLibraries);
if (needed().includes('chromium')) attempt(buildConsole);
if (faults.length > 0) {
  process.stderr.write(`${faults.join('\n')}\nThe tests run against real services and skip none.\n`);
  process.exitCode = 1;
}
