import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** @throws Error with what it said, when it fails */
export function run(program: string, args: readonly string[], cwd: string): string {
  // What npm told the script that we run in would lead it to our folder.
  const ours = /^(npm_(package|lifecycle|command|config_local_prefix|config_prefix)|INIT_CWD)/;
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name)));
  return execFileSync(program, args, { cwd, env, encoding: 'utf8', timeout: 90_000 });
}

/**
 * Packs a copy of a package of this repository, because a build in the checkout could meet other tests, and installs it by npm as a
 * stranger does.
 * @param folder an empty one
 * @param source of the package, below the root of the repository; what it is built from beside it is copied too
 * @param home where it is installed, below the folder
 * @returns the folder that it is installed in, with `node_modules`
 */
export function installPacked(folder: string, source: string, home: string): string {
  const sources = join(folder, 'sources');
  const filter = (path: string): boolean => !['node_modules', 'dist'].includes(basename(path));
  for (const name of [source, 'schemas', 'tsconfig.json', 'package.json', 'LICENSE'])
    cpSync(join(root, name), join(sources, name), { recursive: true, filter });
  symlinkSync(join(root, 'node_modules'), join(sources, 'node_modules'));
  const packed =
    run('npm', ['pack', '--silent', `./${source}`], sources)
      .trim()
      .split('\n')
      .at(-1) ?? '';
  const target = join(folder, home);
  mkdirSync(target, { recursive: true });
  const manifest = join(target, 'package.json');
  if (!existsSync(manifest)) writeFileSync(manifest, '{ "private": true }\n');
  run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', join(sources, packed)], target);
  return target;
}
