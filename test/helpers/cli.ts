import type { TestContext } from 'node:test';
import type { CliDeps } from '../../hub/cli/cli-deps.ts';
import { cronTimes } from '../../hub/wiring/cron-times.ts';
import { runCli } from '../../hub/cli/commands/program.ts';
import { fileFaults } from '../../hub/wiring/file-faults.ts';
import { createLog } from '../../hub/kernel/log.ts';
import { importReadings } from '../../hub/wiring/state/import-wiring.ts';
import { moveHubState } from '../../hub/wiring/state/state-move-wiring.ts';
import { backUpHub, restoreHub } from '../../hub/wiring/backup-wiring.ts';
import { openOfflineOperations } from '../../hub/offline.ts';
import type { Clock } from '../../schemas/time/clock.ts';
import { ManualClock } from './clock.ts';
import { temporaryFolder } from './services/guard.ts';

/** A data folder that goes with the test. */
export function dataFolder(t: TestContext): string {
  const folder = temporaryFolder('cli');
  t.after(() => folder.remove());
  return folder.path;
}

/** How a command line ended, and what it wrote. */
export interface CliRun {
  code: number;
  out: string;
  err: string;
}

const never = (): Promise<never> => new Promise(() => undefined);

/** The command line with everything real but the process; `overrides` replaces what a test turns by hand. */
export async function runCommand(
  args: readonly string[],
  dataDir: string,
  overrides: Partial<CliDeps> = {},
): Promise<CliRun> {
  let out = '';
  let err = '';
  const code = await runCli(args, {
    ...testDeps(dataDir, overrides.clock),
    out: (text) => (out += text),
    err: (text) => (err += text),
    ...overrides,
  });
  return { code, out, err };
}

/** Everything that the command line needs, real but for the process; what it prints goes nowhere. */
export function testDeps(dataDir: string, clock: Clock = new ManualClock()): CliDeps {
  const version = '1.2.3';
  return {
    env: { HUB_DATA_DIR: dataDir },
    cwd: dataDir,
    version,
    out: () => undefined,
    err: () => undefined,
    terminal: true,
    clock,
    cronTimes,
    createLog: () => createLog({ level: 'silent' }),
    fileFaults,
    serviceManager: { notify: () => undefined, watchdogMs: undefined },
    startHub: () => Promise.reject(new Error('no hub is started in this test')),
    openOfflineOperations,
    backUp: (config, folder, progress) => backUpHub(config, folder, { clock, version, progress }),
    restore: (config, folder) => restoreHub(config, folder, { clock, version }),
    moveState: moveHubState,
    importReadings,
    stopRequested: never,
  };
}
