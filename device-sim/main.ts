#!/usr/bin/env node
/** `npm run sim -- …`: simulated devices, and recordings replayed as devices. */
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { CommanderError } from 'commander';
import { terminalText } from '../schemas/terminal-text.ts';
import { exitCodes, UsageFault, type CliContext } from './cli/sim-context.ts';
import { simCommandLine } from './cli/sim-program.ts';
import { RecordingFault } from './replay/recording-fault.ts';

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // The first signal asks for an orderly end, the second one ends the process immediately.
    if (stop.signal.aborted) process.exit(exitCodes.interrupted);
    stop.abort();
  });
}

const context: CliContext = {
  stdout: process.stdout,
  stderr: process.stderr,
  async readLine() {
    const lines = createInterface({ input: process.stdin });
    await once(lines, 'line');
    lines.close();
  },
  env: process.env,
  readStdin: () => text(process.stdin),
  stopped: stop.signal,
  exit(code) {
    process.exitCode = code;
  },
};

try {
  await simCommandLine(context).parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has already printed what is wrong, or the help.
    process.exitCode = error.exitCode === 0 ? exitCodes.ok : exitCodes.cannot;
  } else if (error instanceof UsageFault || error instanceof RecordingFault) {
    process.stderr.write(terminalText(`error: ${error.message}\n`));
    process.exitCode = exitCodes.cannot;
  } else {
    throw error;
  }
}
