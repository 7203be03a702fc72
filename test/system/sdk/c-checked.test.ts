import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { allChecks } from '../../../device-sim/check/all-checks.ts';
import type { Outcome } from '../../../device-sim/check/run-checks.ts';
import { buildExample } from '../../helpers/sdk/c-example.ts';

const sim = fileURLToPath(new URL('../../../device-sim/main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'sdk-c-'));
after(() => rmSync(folder, { recursive: true }));

/** Runs `sim check`, and gives the checks that did not pass. */
async function failedChecks(device: string, ...options: string[]): Promise<unknown[]> {
  const child = spawn(process.execPath, [sim, 'check', '--json', ...options, '--', device], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  const { checks } = JSON.parse(output) as { checks: (Outcome & { id: string })[] };
  assert.equal(checks.length, allChecks.length);
  return checks
    .filter(({ verdict }) => verdict !== 'passed')
    .map(({ id, reason, log }) => ({ id, reason, log: log.join('\n') }));
}

test('the C SDK passes every check over TLS, under the sanitizers', { concurrency: 2 }, async (t) => {
  // Compiled first: the checks measure time.
  const sensor = buildExample('sensor', folder);
  const withMbedtls = buildExample('sensor', folder, 'mbedtls');
  await Promise.all([
    t.test('the sensor, with OpenSSL', async () => {
      assert.deepEqual(await failedChecks(sensor, '--type', 'env-sensor@1', '--tls'), []);
    }),
    t.test('the sensor, with mbedTLS', async () => {
      // mbedTLS 2 compares names with a certificate, and no addresses.
      const device = ['--type', 'env-sensor@1', '--tls', '--host', 'localhost'];
      assert.deepEqual(await failedChecks(withMbedtls, ...device), []);
    }),
  ]);
});
