import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { clientSnippet } from '../../helpers/devices/client-snippet.ts';
import { pythonEnv } from '../../helpers/services/python-modules.ts';
import { startSecurityHub, type SecurityHub } from '../../helpers/hubs/security-hub.ts';

/** The code of docs/clients.md, run as it stands there against a real hub with its own certificate. */

const root = new URL('../../../', import.meta.url).pathname;

let hub: SecurityHub;
before(async () => {
  hub = await startSecurityHub(['d-1']);
});
after(() => hub?.close());

function codeOf(heading: string): string {
  return clientSnippet(heading, {
    'HUB:8443': new URL(hub.deviceUrl).host,
    SECRET: hub.secretOf('d-1'),
    'ca.crt': join(hub.dataDir, 'tls', 'ca.crt'),
  });
}

const run = promisify(execFile);

test('the code for ws stores a reading', async () => {
  const code = codeOf('`ws`');
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', code], {
    cwd: root,
    timeout: 20_000,
  });
  assert.match(stdout, /stored 1/);
});

test('the code for `websocket-client` of Python stores a reading', async () => {
  const code = codeOf('`websocket-client`');
  const { stdout } = await run('python3', ['-c', code], { timeout: 20_000, env: pythonEnv });
  assert.match(stdout, /"welcome"[^]*"type":"ack","upTo":1/);
});
