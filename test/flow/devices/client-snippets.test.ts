import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { clientSnippet } from '../../helpers/devices/client-snippet.ts';
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

function hasModule(name: string): boolean {
  try {
    execFileSync('python3', ['-c', `import ${name}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

for (const [heading, module] of [
  ['`websockets`', 'websockets'],
  ['`websocket-client`', 'websocket'],
] as const) {
  const skip = hasModule(module)
    ? false
    : `Python has no ${module} here: pip install ${heading.replaceAll('`', '')}`;
  test(`the code for ${heading} of Python stores a reading`, { skip }, async () => {
    const { stdout } = await run('python3', ['-c', codeOf(heading)], { timeout: 20_000 });
    assert.match(stdout, /"welcome"[^]*"type":"ack","upTo":1/);
  });
}
