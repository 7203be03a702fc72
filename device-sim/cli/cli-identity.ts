import type { Command } from 'commander';
import { UsageFault } from './cli-context.ts';
import { secretFile } from '../client/secret-file.ts';
import type { SecretStore } from '../device/secrets.ts';

export interface IdentityOptions {
  id: string;
  secret?: string;
  secretFile?: string;
}

/** The options of a sub-command that is one device. */
export function addIdentityOptions(command: Command): Command {
  return command
    .requiredOption('--id <id>', 'device id')
    .option('--secret <secret>', 'its secret')
    .option(
      '--secret-file <file>',
      'keeps the secret here, for when the hub rotates it: begins with --secret, then the file counts',
    );
}

/** Who the device is. @throws UsageFault when there is no secret, or the file cannot be used */
export function readIdentity({ id, secret, secretFile: file }: IdentityOptions): {
  id: string;
  secret: string;
  secretStore?: SecretStore;
} {
  if (file === undefined) {
    if (secret === undefined) throw new UsageFault('give --secret, or --secret-file with a secret in it');
    return { id, secret };
  }
  try {
    const secretStore = secretFile(file);
    const kept = secretStore.load();
    if (kept === undefined && secret === undefined) {
      throw new UsageFault(`--secret-file ${file} is not there yet: give --secret too, the first time`);
    }
    if (kept === undefined && secret !== undefined) secretStore.save({ secret });
    return { id, secret: kept?.secret ?? secret ?? '', secretStore };
  } catch (error) {
    if (error instanceof UsageFault) throw error;
    throw new UsageFault(`--secret-file ${error instanceof Error ? error.message : String(error)}`);
  }
}
