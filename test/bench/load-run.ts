import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface LoadOrder {
  url: string;
  devices: readonly { id: string; secret: string }[];
  /** Data frames a second of each device; 0: heartbeats only. */
  perSec: number;
  seconds: number;
  heartbeatSec?: number;
  /** Readings in each frame; 1 when not given. */
  samples?: number;
}

export interface LoadReport {
  sent: number;
  acked: number;
  nacked: number;
  /** How late the load itself was at most, ms. */
  lateMaxMs: number;
  ackP50Ms: number;
  ackP99Ms: number;
}

/**
 * Runs the load, a process of its own, to its end.
 * @param on `ready`: all devices are connected and begin to send; `sent`: the last reading is on its way
 */
export async function runLoad(
  order: LoadOrder,
  on: { ready?: () => void; sent?: () => void } = {},
): Promise<LoadReport> {
  const script = fileURLToPath(new URL('load.ts', import.meta.url));
  const child = spawn(process.execPath, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  child.stdin.end(JSON.stringify(order));
  let report: LoadReport | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === 'ready') on.ready?.();
    else if (line === 'sent') on.sent?.();
    else report = JSON.parse(line) as LoadReport;
  }
  await exited;
  if (report === undefined) throw new Error('the load ended without a report');
  return report;
}
