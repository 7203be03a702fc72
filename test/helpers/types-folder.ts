import { cpSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from './services/guard.ts';

const shipped = fileURLToPath(new URL('../../schemas/device-types', import.meta.url));

/** A folder with the device types that come with the hub, which may be changed. It is removed after the test. */
export function typesFolder(t: TestContext): string {
  const folder = temporaryFolder('schemas');
  t.after(() => folder.remove());
  cpSync(shipped, folder.path, { recursive: true });
  return folder.path;
}
