/** `start`: the hub itself, until a signal or a fault ends it. */

import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { wait, type Clock } from '../../../schemas/time/clock.ts';
import { messageOf } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/log.ts';
import type { ServiceManager } from '../../kernel/service-manager.ts';
import type { RunningHub } from '../../kernel/running-hub.ts';
import type { CliDeps, StopReason } from '../cli-deps.ts';
import { loadConfig, type ConfigOptions } from '../config-source.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';

/** A stop that takes longer is aborted. */
export const stopWithinMs = 10_000;

export function addStart(program: Command, deps: CliDeps, done: (code: ExitCode) => void): void {
  program
    .command('start')
    .description('run the hub until SIGTERM or SIGINT; a second signal ends it immediately')
    .addHelpText(
      'after',
      '\nExit codes: 0 nothing lost · 1 fault · 2 wrong arguments or configuration · 3 readings lost · 4 did not stop in time · 70 crash',
    )
    .action(async (_options: unknown, command: Command) => {
      const { config, warnings } = loadConfig(command.optsWithGlobals<ConfigOptions>(), deps);
      const log = deps.createLog(config.logLevel);
      for (const warning of warnings) log.warn(warning);
      const stop = deps.stopRequested();
      const starting = deps.startHub(config, { log });
      const { clock, err, terminal, serviceManager } = deps;
      const { dataDir } = config;
      done(await runHub(starting, { log, stop, clock, err, terminal, serviceManager, dataDir }));
    });
}

interface Run {
  log: Log;
  stop: Promise<StopReason>;
  clock: Clock;
  dataDir: string;
  err: (text: string) => void;
  terminal: boolean;
  serviceManager: ServiceManager;
}

/** Waits for the start, then for a reason to stop, then for the end. @throws what the start throws */
async function runHub(starting: Promise<RunningHub>, { log, stop, clock, ...shown }: Run): Promise<ExitCode> {
  const first = await Promise.race([
    starting.then((hub) => ({ kind: 'started' as const, hub })),
    stop.then((reason) => ({ kind: 'stopped' as const, reason })),
  ]);
  if (first.kind === 'stopped') {
    // Stopped while starting: the start completes first, so that everything it opened is closed in order.
    return finish(() => starting.then((hub) => hub.close()), first.reason, log, clock);
  }
  const { hub } = first;
  offerFirstLogin(hub, shown);
  log.info(
    {
      deviceUrl: hub.deviceUrl,
      adminUrl: hub.adminUrl,
      brokerUrl: hub.brokerUrl,
      dataDir: shown.dataDir,
      // Never the code itself: a log is kept and shipped.
      firstLogin: hub.firstLogin !== undefined,
    },
    'ready',
  );
  const { serviceManager } = shown;
  serviceManager.notify('READY=1');
  const stopFeeding = feedWatchdog(serviceManager, clock);
  const reason = await Promise.race([
    stop,
    hub.failed.then((error): StopReason => ({ kind: 'failed', error })),
  ]);
  stopFeeding();
  serviceManager.notify('STOPPING=1');
  return finish(() => hub.close(), reason, log, clock);
}

/** On the event loop, so that a hub whose event loop hangs feeds nobody; twice as often as it has to be (sd_watchdog_enabled(3)). */
function feedWatchdog(serviceManager: ServiceManager, clock: Clock): () => void {
  const { watchdogMs } = serviceManager;
  if (watchdogMs === undefined) return () => undefined;
  return clock.every(watchdogMs / 2, () => serviceManager.notify('WATCHDOG=1'));
}

/**
 * Says how the first admin is made. The code is worth that account, so only a terminal shows it; anywhere else
 * (a journal, the log of a container) it would be kept, so it is written to a file of the data folder instead.
 */
function offerFirstLogin(
  { firstLogin, adminUrl }: RunningHub,
  { dataDir, err, terminal }: Pick<Run, 'dataDir' | 'err' | 'terminal'>,
): void {
  const file = join(dataDir, 'first-login');
  const link = firstLogin === undefined ? undefined : `${adminUrl}/#code=${firstLogin}`;
  try {
    // Of an earlier start: its code opens nothing now. Removed, not overwritten, so that the mode is that of a new file.
    rmSync(file, { force: true });
    if (link !== undefined && !terminal) writeFileSync(file, `${link}\n`, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    // Devices are served already: that is no reason to end.
    err(`${file} cannot be written (${messageOf(error)})\n`);
    if (link !== undefined && !terminal) {
      err(
        'no operator has an account yet; make the first admin on the command line: device-hub operator save\n',
      );
      return;
    }
  }
  if (link === undefined) return;
  const where = terminal ? link : `the link is in ${file}`;
  err(`no operator has an account yet; make the first admin in a browser, once: ${where}\n`);
}

type Closing = Awaited<ReturnType<RunningHub['close']>>;

async function finish(
  close: () => Promise<Closing>,
  reason: StopReason,
  log: Log,
  clock: Clock,
): Promise<ExitCode> {
  if (reason.kind === 'signal') log.info({ signal: reason.signal }, 'stopping');
  else log.fatal({ err: reason.error }, reason.kind === 'crashed' ? 'the hub crashed' : 'a part failed');

  const end = await Promise.race([
    close().then(
      (closing) => ({ kind: 'closed' as const, ...closing }),
      (error: unknown) => ({ kind: 'closed' as const, lost: 0, faults: [{ name: 'hub', error }] }),
    ),
    wait(clock, stopWithinMs).then(() => ({ kind: 'late' as const })),
  ]);
  if (end.kind === 'late') {
    log.fatal({ stopWithinMs }, 'the hub did not stop in time and is aborted');
    return exitCodes.stopTimedOut;
  }
  for (const { name, error } of end.faults) log.error({ err: error, part: name }, 'a part failed to close');
  log[end.lost > 0 ? 'error' : 'info']({ lost: end.lost }, 'stopped');
  if (reason.kind === 'crashed') return exitCodes.crash;
  if (end.lost > 0) return exitCodes.lost;
  return reason.kind === 'failed' || end.faults.length > 0 ? exitCodes.fault : exitCodes.ok;
}
