import { readFileSync } from 'node:fs';

/** Linux: clock ticks of 10 ms in /proc/PID/stat (proc_pid_stat(5), fields 14 and 15). */
const tickMs = 10;

/** CPU time of a process with all its threads, ms. */
export function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * tickMs;
}

/** Resident memory of a process, MiB (proc_pid_status(5), `VmRSS` in kB). */
export function rssMib(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Math.round(Number(kib) / 1024);
}
