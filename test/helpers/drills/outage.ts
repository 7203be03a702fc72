import { readFileSync } from 'node:fs';
import type { LedgerRow } from '../../../schemas/api/telemetry/ledger.ts';
import { startInflux } from '../services/influxd.ts';
import { ledgerOf, quiet } from './kill-rounds.ts';
import { addDevices, LedgerFleet } from './ledger-fleet.ts';
import type { Comparison } from './readings-verdict.ts';
import { spawnHub } from '../services/process.ts';
import { waitFor } from '../wait-for.ts';
import { letPass } from '../let-pass.ts';

export interface OutageReport extends Comparison {
  /** Memory of the hub, MiB: before the outage, and the most during it. */
  rssBeforeMib: number;
  rssMostMib: number;
  /** Readings acked while the store was away. */
  ackedMeanwhile: number;
  /** p99 from the send to the ack while the store was away, ms. */
  ackP99Ms: number;
  spooledAtReturn: number;
  /** From the return of the store to an empty spool, with live traffic going on, s. */
  drainedAfterSec: number;
  ledger: LedgerRow;
}

/** InfluxDB goes away under load and comes back. */
export async function outage(options: {
  kind: 'dead' | 'frozen';
  devices: number;
  perSec: number;
  awayMs: number;
  warmUpMs: number;
  say?: (text: string) => void;
}): Promise<OutageReport> {
  const { kind, say = () => undefined } = options;
  const influx = await startInflux();
  const hub = await spawnHub({
    env: { HUB_TLS: 'off', HUB_DEVICE_LISTEN: '127.0.0.1:0', HUB_INFLUX_URL: influx.url },
  });
  const credentials = await addDevices(hub, options.devices);
  const fleet = new LedgerFleet({ url: hub.deviceUrl, credentials, perSec: options.perSec });
  const rss = (): number => rssMib(hub.pid);
  try {
    fleet.connect();
    await waitFor(() => fleet.online === fleet.size, { what: 'all devices are online', timeoutMs: 60_000 });
    fleet.start();
    await letPass(options.warmUpMs);
    const rssBeforeMib = rss();
    say(`${fleet.acked} acked, ${rssBeforeMib.toFixed(0)} MiB: the store goes away (${kind})`);
    if (kind === 'dead') await influx.kill();
    else influx.pause();
    const ackedBefore = fleet.acked;
    const delays: number[] = [];
    fleet.delays = delays;
    let rssMostMib = rssBeforeMib;
    const endMs = performance.now() + options.awayMs;
    while (performance.now() < endMs) {
      await letPass(Math.min(5_000, endMs - performance.now()));
      rssMostMib = Math.max(rssMostMib, rss());
      say(`${fleet.acked} acked, ${fleet.unsettled} unsettled, ${rss().toFixed(0)} MiB`);
    }
    const ackedMeanwhile = fleet.acked - ackedBefore;
    fleet.delays = undefined;
    const ackP99Ms = percentile(delays, 0.99);
    const { spooled } = await ledgerOf(hub);
    if (kind === 'dead') await influx.restart();
    else influx.resume();
    const returnedMs = performance.now();
    await waitFor(async () => (await ledgerOf(hub)).spooled === 0, {
      what: 'the spool is drained',
      timeoutMs: 180_000,
      everyMs: 1_000,
    });
    const drainedAfterSec = (performance.now() - returnedMs) / 1000;
    say(`drained after ${drainedAfterSec.toFixed(1)} s`);
    fleet.stop();
    const ledger = await quiet(hub, fleet, 60_000);
    const compared = await fleet.compare(influx.url);
    return {
      ...compared,
      rssBeforeMib,
      rssMostMib,
      ackedMeanwhile,
      ackP99Ms,
      drainedAfterSec,
      ledger,
      spooledAtReturn: spooled,
    };
  } finally {
    await fleet.close();
    await hub.close();
    await influx.close();
  }
}

/** @param values in any order */
export function percentile(values: readonly number[], part: number): number {
  const ordered = values.toSorted((a, b) => a - b);
  return ordered[Math.min(ordered.length - 1, Math.floor(ordered.length * part))] ?? Number.NaN;
}

/** Resident memory of a process, MiB (proc_pid_status(5)). */
function rssMib(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}
