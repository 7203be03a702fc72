import { open } from 'node:fs/promises';

/** Takes a file descriptor and gives it back. @throws `EMFILE` or `ENFILE` when none is left */
export async function takeDescriptor(): Promise<void> {
  await (await open('/dev/null')).close();
}
