import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { temporaryFolder } from '../services/guard.ts';

const root = join(import.meta.dirname, '../../..');

/**
 * Generates types from the document as anybody would, and compiles the calls of `calls/` against them, strictly.
 * @returns what the compiler says; empty when all is right
 */
export function compileGenerated(document: object): string {
  const folder = temporaryFolder('generated-client');
  const at = (name: string): string => join(folder.path, name);
  try {
    cpSync(join(import.meta.dirname, 'calls'), folder.path, { recursive: true });
    symlinkSync(join(root, 'node_modules'), at('node_modules'));
    writeFileSync(at('openapi.json'), JSON.stringify(document));
    const options = { extends: join(root, 'tsconfig.json'), include: ['*.ts'] };
    writeFileSync(at('tsconfig.json'), JSON.stringify(options));
    writeFileSync(at('package.json'), '{"type":"module"}');
    execFileSync(process.execPath, [generator(), at('openapi.json'), '-o', at('api-paths.ts')], {
      stdio: 'pipe',
    });
    const compiler = join(root, 'node_modules/typescript/bin/tsc');
    const { stdout } = spawnSync(process.execPath, [compiler, '-p', folder.path], { encoding: 'utf8' });
    return stdout;
  } finally {
    folder.remove();
  }
}

/** Its own package: it needs another compiler than the rest. */
function generator(): string {
  const host = createRequire(import.meta.url).resolve('openapi-client-generator/package.json');
  const main = createRequire(host).resolve('openapi-typescript');
  return join(dirname(main), '..', 'bin', 'cli.js');
}
