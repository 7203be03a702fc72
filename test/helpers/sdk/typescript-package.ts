/** The TypeScript SDK as a newcomer gets it: packed, and installed in a folder outside of the checkout. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installPacked, run } from '../packed-package.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const sdk = join(root, 'sdk/typescript');

/**
 * Packs the SDK and installs it by npm.
 * @param folder an empty one
 * @returns the folder that it is installed in, with `node_modules`
 */
export function installSdk(folder: string): string {
  return installPacked(folder, 'sdk/typescript', 'my-device');
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
