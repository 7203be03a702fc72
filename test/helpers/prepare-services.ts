/**
 * Run by `npm test` before the tests: finds or brings InfluxDB, Mosquitto and its clients (and Chromium once
 * there are browser tests), prints one line for each, and fails with the way out when one is missing.
 */
import { existsSync, globSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { installChromium, unpackPackages } from './debian-packages.ts';
import { findProgram, packagesOf, program, versionOf, wayOut, type ProgramName } from './services.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The services the tests of this tree need. */
function needed(): ProgramName[] {
  const servers: ProgramName[] = ['influxd', 'mosquitto', 'mosquitto_pub', 'mosquitto_sub'];
  const hasBrowserTests = globSync('test/browser/**/*.test.ts', { cwd: root }).length > 0;
  return hasBrowserTests ? [...servers, 'chromium'] : servers;
}

/** apt and dpkg say in the error's stderr what went wrong. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const said = 'stderr' in error && typeof error.stderr === 'string' ? error.stderr.trim() : '';
  return said === '' ? error.message : said;
}

function bring(name: ProgramName): void {
  if (!existsSync('/usr/bin/apt-get')) return;
  if (name === 'chromium') {
    if (process.getuid?.() === 0) installChromium();
  } else if (packagesOf(name).length > 0) unpackPackages(packagesOf(name));
}

function prepare(name: ProgramName): string {
  if (findProgram(name) === undefined) {
    try {
      bring(name);
    } catch (error) {
      throw new Error(`${name} could not be brought: ${reasonOf(error)}\n${wayOut(name)}`, { cause: error });
    }
  }
  const found = program(name);
  return `${name} ${versionOf(name, found)}  ${found.path}`;
}

let faults = 0;
for (const name of needed()) {
  try {
    process.stdout.write(`${prepare(name)}\n`);
  } catch (error) {
    faults += 1;
    process.stderr.write(`${reasonOf(error)}\n`);
  }
}
if (faults > 0) {
  process.stderr.write(`The tests run against real services; ${faults} could not be prepared.\n`);
  process.exitCode = 1;
}
