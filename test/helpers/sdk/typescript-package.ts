/** The TypeScript SDK as a newcomer gets it: packed, and installed in a folder outside of the checkout. */

import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const sdk = join(root, 'sdk/typescript');

/** @throws Error with what it said, when it fails */
function run(program: string, args: readonly string[], cwd: string): string {
  // What npm told the script that we run in would lead it to our folder.
  const ours = /^(npm_(package|lifecycle|command|config_local_prefix|config_prefix)|INIT_CWD)/;
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name)));
  return execFileSync(program, args, { cwd, env, encoding: 'utf8', timeout: 90_000 });
}

/**
 * Packs a copy of the SDK, because a build in the checkout could meet other tests, and installs it by npm.
 * @param folder an empty one
 * @returns the folder that it is installed in, with `node_modules`
 */
export function installSdk(folder: string): string {
  const sources = join(folder, 'sources');
  const filter = (path: string): boolean => !['node_modules', 'dist'].includes(basename(path));
  for (const name of ['sdk/typescript', 'schemas', 'tsconfig.json', 'package.json', 'LICENSE'])
    cpSync(join(root, name), join(sources, name), { recursive: true, filter });
  symlinkSync(join(root, 'node_modules'), join(sources, 'node_modules'));
  const packed =
    run('npm', ['pack', '--silent', './sdk/typescript'], sources).trim().split('\n').at(-1) ?? '';
  const home = join(folder, 'my-device');
  mkdirSync(home);
  run('npm', ['init', '-y'], home);
  run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', join(sources, packed)], home);
  return home;
}

/** Checks this TypeScript file in the folder by the types of the package, with all that a strict reader asks for. */
export function checkTypes(folder: string, file: string): void {
  const flags = [
    '--noEmit',
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2022',
    '--types',
    '--ignoreConfig',
  ];
  run(join(root, 'node_modules/.bin/tsc'), [...flags.filter((flag) => flag !== '--types'), file], folder);
}

/** The code of the README in this language, with these texts replaced. */
export function readmeCode(language: 'js' | 'html', replaced: Readonly<Record<string, string>>): string {
  const readme = readFileSync(join(sdk, 'README.md'), 'utf8');
  const [, code = ''] = new RegExp(`^ *\`\`\`${language}\\n(.*?)^ *\`\`\`$`, 'ms').exec(readme) ?? [];
  return Object.entries(replaced).reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`the code of the README has no ${from}`);
    return text.replaceAll(from, to);
  }, code);
}
