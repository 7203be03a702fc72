import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { buildExample } from '../../helpers/sdk/c-example.ts';
import { failedChecks } from '../../helpers/sdk/failed-checks.ts';

const folder = mkdtempSync(join(tmpdir(), 'sdk-c-'));
after(() => rmSync(folder, { recursive: true }));

test('the C SDK passes every check over TLS, under the sanitizers', { concurrency: 2 }, async (t) => {
  // Compiled first: the checks measure time.
  const sensor = buildExample('sensor', folder);
  const withMbedtls = buildExample('sensor', folder, 'mbedtls');
  await Promise.all([
    t.test('the sensor, with OpenSSL', async () => {
      assert.deepEqual(await failedChecks([sensor], '--type', 'env-sensor@1', '--tls'), []);
    }),
    t.test('the sensor, with mbedTLS', async () => {
      // mbedTLS 2 compares names with a certificate, and no addresses.
      const device = ['--type', 'env-sensor@1', '--tls', '--host', 'localhost'];
      assert.deepEqual(await failedChecks([withMbedtls], ...device), []);
    }),
  ]);
});
