import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, statSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { unpacked } from './debian-packages.ts';

/** A program found: how to run it, and what it says its version is. */
export interface Program {
  path: string;
  /** `process.env`, with the folder of unpacked libraries where they are needed. */
  env: NodeJS.ProcessEnv;
}

export type ProgramName = keyof typeof programs;

interface ProgramPlace {
  /** Names in PATH, the first found wins. */
  names: readonly string[];
  /** Environment variable that gives the program's path and wins over everything. */
  variable: string;
  /** Debian packages that bring it. */
  packages: readonly string[];
  versionArgs: readonly string[];
  versionPattern: RegExp;
  wayOut: string;
}

const debianServices = ['influxdb', 'mosquitto', 'mosquitto-clients'];

const programs = {
  influxd: {
    names: ['influxd'],
    variable: 'HUB_TEST_INFLUXD',
    packages: debianServices,
    versionArgs: ['version'],
    versionPattern: /InfluxDB v?(1\.\S+)/,
    wayOut: 'install InfluxDB 1.x (Debian: apt-get install influxdb; macOS: brew install influxdb@1)',
  },
  mosquitto: {
    names: ['mosquitto'],
    variable: 'HUB_TEST_MOSQUITTO',
    packages: debianServices,
    versionArgs: ['-h'],
    versionPattern: /mosquitto version (\S+)/,
    wayOut: 'install Mosquitto 2.x (Debian: apt-get install mosquitto; macOS: brew install mosquitto)',
  },
  mosquitto_pub: {
    names: ['mosquitto_pub'],
    variable: 'HUB_TEST_MOSQUITTO_PUB',
    packages: debianServices,
    versionArgs: ['--help'],
    versionPattern: /mosquitto_pub version (\S+)/,
    wayOut:
      "install Mosquitto's clients (Debian: apt-get install mosquitto-clients; macOS: brew install mosquitto)",
  },
  mosquitto_sub: {
    names: ['mosquitto_sub'],
    variable: 'HUB_TEST_MOSQUITTO_SUB',
    packages: debianServices,
    versionArgs: ['--help'],
    versionPattern: /mosquitto_sub version (\S+)/,
    wayOut:
      "install Mosquitto's clients (Debian: apt-get install mosquitto-clients; macOS: brew install mosquitto)",
  },
  postgres: {
    names: ['postgres'],
    variable: 'HUB_TEST_POSTGRES',
    packages: ['postgresql-15', 'postgresql-client-15'],
    versionArgs: ['--version'],
    versionPattern: /postgres \(PostgreSQL\) (\S+)/,
    wayOut:
      'install PostgreSQL 13 or newer (Debian: apt-get install postgresql; macOS: brew install postgresql@15)',
  },
  spin: {
    names: ['spin'],
    variable: 'HUB_TEST_SPIN',
    packages: ['spin'],
    versionArgs: ['-V'],
    versionPattern: /Spin Version (\S+)/,
    wayOut: 'install spin (Debian: apt-get install spin; macOS: brew install spin)',
  },
  prometheus: {
    names: ['prometheus'],
    variable: 'HUB_TEST_PROMETHEUS',
    packages: ['prometheus'],
    versionArgs: ['--version'],
    versionPattern: /prometheus, version (\S+)/,
    wayOut: 'install Prometheus (Debian: apt-get install prometheus; macOS: brew install prometheus)',
  },
  promtool: {
    names: ['promtool'],
    variable: 'HUB_TEST_PROMTOOL',
    packages: ['prometheus'],
    versionArgs: ['--version'],
    versionPattern: /promtool, version (\S+)/,
    wayOut: 'install Prometheus (Debian: apt-get install prometheus; macOS: brew install prometheus)',
  },
  faketime: {
    names: ['faketime'],
    variable: 'HUB_TEST_FAKETIME',
    packages: ['faketime'],
    versionArgs: ['--version'],
    versionPattern: /faketime: Version (\S+)/,
    wayOut: 'install faketime (Debian: apt-get install faketime; macOS: brew install libfaketime)',
  },
  'arm-none-eabi-gcc': {
    names: ['arm-none-eabi-gcc'],
    variable: 'HUB_TEST_ARM_GCC',
    packages: ['gcc-arm-none-eabi', 'binutils-arm-none-eabi'],
    versionArgs: ['--version'],
    versionPattern: /arm-none-eabi-gcc.* (\d+\.\d+\.\d+)/,
    wayOut:
      'install gcc-arm-none-eabi (Debian: apt-get install gcc-arm-none-eabi; macOS: brew install arm-none-eabi-gcc)',
  },
  'avr-gcc': {
    names: ['avr-gcc'],
    variable: 'HUB_TEST_AVR_GCC',
    packages: ['gcc-avr', 'binutils-avr', 'avr-libc'],
    versionArgs: ['--version'],
    versionPattern: /avr-gcc.* (\d+\.\d+\.\d+)/,
    wayOut:
      'install gcc-avr and avr-libc (Debian: apt-get install gcc-avr avr-libc; macOS: brew install avr-gcc)',
  },
  chromium: {
    names: ['chromium', 'chromium-browser', 'google-chrome'],
    variable: 'HUB_TEST_CHROMIUM',
    // Too much to unpack beside the system: it is installed, which needs root.
    packages: [],
    versionArgs: ['--version', '--no-sandbox'],
    versionPattern: /(?:Chromium|Google Chrome) (\S+)/,
    wayOut: 'install Chromium (Debian, as root: apt-get update && apt-get install -y chromium)',
  },
} as const satisfies Record<string, ProgramPlace>;

/** Where Debian keeps the servers of PostgreSQL: a folder for each version. */
const postgresFolder = 'usr/lib/postgresql';

function postgresFolders(root: string): string[] {
  const folder = join(root, postgresFolder);
  return existsSync(folder) ? readdirSync(folder).map((version) => join(folder, version, 'bin')) : [];
}

/** Where servers live that are not in a user's PATH. */
const systemFolders = ['/usr/local/sbin', '/usr/sbin', '/sbin', ...postgresFolders('/')];

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** The folders of the unpacked packages that hold shared libraries: `/usr/lib/<triplet>` and `/lib/<triplet>`. */
function unpackedLibraries(): string[] {
  const folders = ['usr/lib', 'lib']
    .map((name) => join(unpacked, name))
    .filter((folder) => existsSync(folder));
  const nested = folders.flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)));
  return [...folders, ...nested.filter((folder) => statSync(folder).isDirectory())];
}

function unpackedProgram(names: readonly string[]): Program | undefined {
  for (const name of names) {
    for (const folder of [
      join(unpacked, 'usr/bin'),
      join(unpacked, 'usr/sbin'),
      ...postgresFolders(unpacked),
    ]) {
      const path = join(folder, name);
      if (!isProgram(path)) continue;
      const libraries = [...unpackedLibraries(), process.env['LD_LIBRARY_PATH']].filter(
        (part) => part !== undefined,
      );
      return { path, env: { ...process.env, LD_LIBRARY_PATH: libraries.join(delimiter) } };
    }
  }
  return undefined;
}

/**
 * Where the program is, without bringing anything: the path given by its variable, else PATH (and the system's
 * sbin folders), else the cache folder.
 * @returns undefined when it is nowhere
 * @throws when the variable names something that is not a program
 */
export function findProgram(name: ProgramName): Program | undefined {
  const place = programs[name];
  const given = process.env[place.variable];
  if (given !== undefined && given !== '') {
    const path = resolve(given);
    if (isProgram(path)) return { path, env: process.env };
    throw new Error(
      `${place.variable}=${given} is not a program that can be run. Give the path of ${name} itself ` +
        '(the tests kill, freeze and restart it, so the address of a running server does not serve), or unset it.',
    );
  }
  const folders = [
    ...(process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== ''),
    ...systemFolders,
  ];
  for (const candidate of place.names) {
    for (const folder of folders) {
      const path = join(folder, candidate);
      if (isProgram(path)) return { path, env: process.env };
    }
  }
  return unpackedProgram(place.names);
}

/** @throws with the way out when the program is nowhere; see `findProgram` */
export function program(name: ProgramName): Program {
  const found = findProgram(name);
  if (found !== undefined) return found;
  throw new Error(
    `${name} is missing. On Debian and Ubuntu \`npm test\` brings it (or \`npx node test/helpers/services/prepare-services.ts\`). ` +
      wayOut(name),
  );
}

/** What a person can do when `name` is missing, with the exact commands. */
export function wayOut(name: ProgramName): string {
  const { wayOut: install, variable, names } = programs[name];
  return `Way out: ${install}, or give its path: ${variable}=/path/to/${names[0]}.`;
}

/**
 * Runs the program to learn its version.
 * @throws with what it wrote when it does not run, or is not the program it should be
 */
export function versionOf(name: ProgramName, { path, env }: Program): string {
  const place = programs[name];
  const run = spawnSync(path, place.versionArgs, { env, encoding: 'utf8', timeout: 20_000 });
  const said = `${run.stdout ?? ''}${run.stderr ?? ''}`;
  const version = place.versionPattern.exec(said)?.[1];
  if (version !== undefined) return version;
  const reason = run.error?.message ?? said.trim().split('\n').slice(0, 3).join(' ');
  throw new Error(`${path} does not run as ${name}: ${reason} ${wayOut(name)}`);
}

/** The Debian packages that bring the program into the cache folder; empty when it cannot be unpacked so. */
export function packagesOf(name: ProgramName): readonly string[] {
  return programs[name].packages;
}
