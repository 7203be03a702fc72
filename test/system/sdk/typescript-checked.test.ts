import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { failedChecks } from '../../helpers/sdk/failed-checks.ts';

const sensor = fileURLToPath(new URL('../../../sdk/typescript/examples/sensor.ts', import.meta.url));

test('the TypeScript SDK passes every check over TLS', async () => {
  assert.deepEqual(await failedChecks([process.execPath, sensor], '--type', 'env-sensor@1', '--tls'), []);
});

test('a device finds no CA in its environment when it is checked without TLS', async () => {
  assert.deepEqual(
    await failedChecks([process.execPath, sensor], '--type', 'env-sensor@1', '--only', 'connect'),
    [],
  );
});
