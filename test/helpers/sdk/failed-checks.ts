import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { allChecks } from '../../../device-sim/check/all-checks.ts';
import type { Outcome } from '../../../device-sim/check/run-checks.ts';

const sim = fileURLToPath(new URL('../../../device-sim/main.ts', import.meta.url));

/**
 * Runs `sim check` on a device.
 * @param command starts it; it takes its settings from the environment
 * @param options of `sim check`; `--only`, with groups of checks, is the last one
 * @returns the checks that did not pass
 */
export async function failedChecks(command: readonly string[], ...options: string[]): Promise<unknown[]> {
  const child = spawn(process.execPath, [sim, 'check', '--json', ...options, '--', ...command], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  const { checks } = JSON.parse(output) as { checks: (Outcome & { id: string })[] };
  const only = options.includes('--only') ? options.slice(options.indexOf('--only') + 1) : undefined;
  const wanted = allChecks.filter(({ id }) => only?.includes(id.split('/')[0] ?? '') ?? true);
  assert.equal(checks.length, wanted.length);
  const failed = checks.filter(({ verdict }) => verdict !== 'passed');
  assert.equal(code, failed.length === 0 ? 0 : 1);
  return failed.map(({ id, reason, log }) => ({ id, reason, log: log.join('\n') }));
}
