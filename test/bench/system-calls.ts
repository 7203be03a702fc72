import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface SystemCalls {
  /** @returns how many there were; not a number where nobody may count them */
  end(): Promise<number>;
}

/** Counts the system calls of a process, all its threads, by a tracepoint of the kernel (`perf stat`), which slows it down little. */
export function countSystemCalls(pid: number): SystemCalls {
  const perf = spawn('perf', ['stat', '-x', ',', '-e', 'raw_syscalls:sys_enter', '-p', String(pid)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let written = '';
  perf.stderr.on('data', (chunk: Buffer) => {
    written += chunk.toString();
  });
  const ended = once(perf, 'close').catch(() => undefined);
  return {
    async end() {
      // It writes its count when it is interrupted.
      perf.kill('SIGINT');
      await ended;
      return Number(/^(\d+),/m.exec(written)?.[1] ?? Number.NaN);
    },
  };
}
