import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { DeviceExamples } from '../../helpers/sdk/device-examples.ts';
import { spawnHub, type HubProcess } from '../../helpers/services/process.ts';

/** The examples of the TypeScript SDK, in Node. */

const folder = mkdtempSync(join(tmpdir(), 'sdk-ts-examples-'));
const exampleOf = (name: string): string =>
  fileURLToPath(new URL(`../../../sdk/typescript/examples/${name}.ts`, import.meta.url));
let hub: HubProcess;

before(async () => {
  hub = await spawnHub();
});

after(async () => {
  await hub?.close();
  rmSync(folder, { recursive: true });
});

new DeviceExamples(
  () => hub,
  folder,
  (name) => [process.execPath, exampleOf(name)],
).declare();
