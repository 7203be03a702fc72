import { strangers } from '../helpers/drills/strangers.ts';
import { report, say } from './report.ts';

/** Every flood for a minute beside a hundred devices. */
export async function soakFloods(): Promise<boolean> {
  const floods = await strangers({ devices: 100, runMs: 60_000, say });
  const missed = floods.filter(
    ({ quietP99Ms, p99Ms, newcomerMs, refusedNewcomers, foundLateMs }) =>
      refusedNewcomers > 0 || p99Ms > quietP99Ms * 2 + 20 || newcomerMs > 5_000 || foundLateMs > 1_000,
  );
  report({ floods, missed });
  return missed.length === 0;
}
