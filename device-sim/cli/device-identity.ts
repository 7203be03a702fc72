import type { Command } from 'commander';
import { UsageFault } from './sim-context.ts';
import { fileMemory, hasSecret } from '../../sdk/typescript/src/node.ts';

export interface IdentityOptions {
  id: string;
  secret?: string;
  secretFile?: string;
}

/** The options of a sub-command that acts as one device. */
export function addIdentityOptions(command: Command): Command {
  return command
    .requiredOption('--id <id>', 'device id')
    .option('--secret <secret>', 'its secret')
    .option(
      '--secret-file <file>',
      'file that keeps the secret when the hub rotates it; --secret is needed only the first time',
    );
}

/** The identity of the device. @throws UsageFault when there is no secret, or the file cannot be used */
export function readIdentity({ id, secret, secretFile: file }: IdentityOptions): {
  id: string;
  secret: string;
  secretFile?: string;
} {
  if (file === undefined) {
    if (secret === undefined) throw new UsageFault('give --secret, or a --secret-file that contains one');
    return { id, secret };
  }
  try {
    const has = hasSecret(file);
    if (!has && secret === undefined) {
      throw new UsageFault(`--secret-file ${file} does not exist yet: also give --secret the first time`);
    }
    if (!has) void fileMemory('', { secret: file }).save('secret', JSON.stringify({ secret }));
    return { id, secret: secret ?? '', secretFile: file };
  } catch (error) {
    if (error instanceof UsageFault) throw error;
    throw new UsageFault(`--secret-file ${error instanceof Error ? error.message : String(error)}`);
  }
}
