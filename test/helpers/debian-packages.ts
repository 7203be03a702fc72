import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const cache = join(root, 'node_modules', '.cache', 'device-hub-services');

/** Where `unpackPackages` puts the packages' files, as they would lie under `/`. */
export const unpacked = join(cache, 'root');

function aptGet(args: readonly string[], cwd: string): void {
  execFileSync('apt-get', args, {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    timeout: 300_000,
  });
}

/** Options that make apt keep its lists in our own folder: no root needed, the system's own state untouched. */
function privateApt(): string[] {
  const lists = join(cache, 'apt', 'lists');
  const archives = join(cache, 'apt', 'cache');
  mkdirSync(join(lists, 'partial'), { recursive: true });
  mkdirSync(join(archives, 'archives', 'partial'), { recursive: true });
  const options = [
    `Dir::State::lists=${lists}`,
    `Dir::Cache=${archives}`,
    'APT::Sandbox::User=',
    'Acquire::Languages=none',
  ];
  return options.flatMap((option) => ['-o', option]);
}

function isInstalled(name: string): boolean {
  const run = spawnSync('dpkg-query', ['-W', '-f', '${Status}', name], { encoding: 'utf8' });
  return run.status === 0 && run.stdout.includes('install ok installed');
}

/** The packages, and every library package they need in turn that this machine does not have. */
function withMissingLibraries(packages: readonly string[], apt: readonly string[]): string[] {
  const wanted = [...packages];
  // Grows while it is walked: the libraries of libraries come too.
  for (const name of wanted) {
    const depends = execFileSync('apt-cache', [...apt, 'depends', '--important', name], { encoding: 'utf8' });
    for (const [, library] of depends.matchAll(/^\s+\|?(?:Pre)?Depends: (lib[^\s<>]+)$/gm)) {
      if (library !== undefined && !wanted.includes(library) && !isInstalled(library)) wanted.push(library);
    }
  }
  return wanted;
}

function download(packages: readonly string[], folder: string, apt: readonly string[]): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  aptGet([...apt, 'download', ...withMissingLibraries(packages, apt)], folder);
}

/**
 * Downloads the Debian packages and unpacks them into the cache folder; nothing is installed, no service is
 * started, no root is needed.
 * @throws with apt's own words when that fails
 */
export function unpackPackages(packages: readonly string[]): void {
  const folder = join(cache, `packages.${process.pid}`);
  try {
    download(packages, folder, []);
  } catch {
    // No package lists on this machine, or stale ones: fetch our own and try again; this failure is told.
    const apt = privateApt();
    aptGet([...apt, 'update'], cache);
    download(packages, folder, apt);
  }
  const fresh = `${unpacked}.${process.pid}`;
  for (const file of readdirSync(folder)) execFileSync('dpkg-deb', ['-x', join(folder, file), fresh]);
  rmSync(unpacked, { recursive: true, force: true });
  renameSync(fresh, unpacked);
  rmSync(folder, { recursive: true, force: true });
}

/** Installs Debian's Chromium. @throws with apt's own words when that fails */
export function installChromium(): void {
  const options = ['-y', '-o', 'Dpkg::Use-Pty=0', '--no-install-recommends', 'install', 'chromium'];
  try {
    aptGet(options, root);
  } catch {
    // No package lists, or stale ones.
    aptGet(['update'], root);
    aptGet(options, root);
  }
}
