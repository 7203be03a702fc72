import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));
/** Where the services of the tests are kept. */
export const serviceCache = join(root, 'node_modules', '.cache', 'device-hub-services');

/** Where `unpackPackages` puts the packages' files, as they would lie under `/`. */
export const unpacked = join(serviceCache, 'root');

/** Runs a command to its end and gives its stdout. @throws with its stderr in the message when it fails */
function run(command: string, args: readonly string[], cwd: string): string {
  return execFileSync(command, args, {
    cwd,
    // A package's questions at installation are answered by their defaults.
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    timeout: 300_000,
  });
}

/** Options that make apt keep its lists in our own folder: no root needed, the system's own state untouched. */
function privateApt(): string[] {
  const lists = join(serviceCache, 'apt', 'lists');
  const archives = join(serviceCache, 'apt', 'cache');
  mkdirSync(join(lists, 'partial'), { recursive: true });
  mkdirSync(join(archives, 'archives', 'partial'), { recursive: true });
  const options = [
    `Dir::State::lists=${lists}`,
    `Dir::Cache=${archives}`,
    'APT::Sandbox::User=',
    'Acquire::Languages=none',
    // Lists that could not be fetched are a fault, not a warning.
    'APT::Update::Error-Mode=any',
  ];
  return options.flatMap((option) => ['-o', option]);
}

function isInstalled(name: string): boolean {
  const query = spawnSync('dpkg-query', ['-W', '-f', '${Status}', name], { encoding: 'utf8' });
  return query.status === 0 && query.stdout.includes('install ok installed');
}

/** The packages, and every library package they need in turn that this machine does not have. */
function withMissingLibraries(packages: readonly string[], apt: readonly string[]): string[] {
  const wanted = [...packages];
  // Grows while it is walked: the libraries of libraries come too.
  for (const name of wanted) {
    const depends = run('apt-cache', [...apt, 'depends', '--important', name], serviceCache);
    for (const [, library] of depends.matchAll(/^\s+\|?(?:Pre)?Depends: (lib[^\s<>]+)$/gm)) {
      if (library !== undefined && !wanted.includes(library) && !isInstalled(library)) wanted.push(library);
    }
  }
  return wanted;
}

function download(packages: readonly string[], folder: string, apt: readonly string[]): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  run('apt-get', [...apt, 'download', ...withMissingLibraries(packages, apt)], folder);
}

/**
 * Downloads the Debian packages and unpacks them into the cache folder; nothing is installed, no service is
 * started, no root is needed.
 * @throws with apt's own words when that fails
 */
export function unpackPackages(packages: readonly string[]): void {
  const folder = join(serviceCache, `packages.${process.pid}`);
  try {
    download(packages, folder, []);
  } catch {
    // No package lists on this machine, or stale ones: fetch our own and try again; this failure is told.
    const apt = privateApt();
    run('apt-get', [...apt, 'update'], serviceCache);
    download(packages, folder, apt);
  }
  const fresh = `${unpacked}.${process.pid}`;
  // Those of an earlier run stay.
  if (existsSync(unpacked)) cpSync(unpacked, fresh, { recursive: true, verbatimSymlinks: true });
  for (const file of readdirSync(folder)) run('dpkg-deb', ['-x', join(folder, file), fresh], folder);
  rmSync(unpacked, { recursive: true, force: true });
  renameSync(fresh, unpacked);
  for (const done of [folder, join(serviceCache, 'apt')]) rmSync(done, { recursive: true, force: true });
}

/** Installs Debian's Chromium. @throws with apt's own words when that fails */
export function installChromium(): void {
  const options = ['-y', '-o', 'Dpkg::Use-Pty=0', '--no-install-recommends', 'install', 'chromium'];
  try {
    run('apt-get', options, root);
  } catch {
    // No package lists, or stale ones.
    run('apt-get', ['update'], root);
    run('apt-get', options, root);
  }
}
