import { strangers } from '../helpers/drills/strangers.ts';
import { report, say } from './report.ts';

/** Every flood for a minute beside a hundred devices. */
export async function soakFloods(): Promise<boolean> {
  const { quietP99Ms, floods } = await strangers({ devices: 100, runMs: 60_000, say });
  const missed = floods.filter(
    ({ p99Ms, newcomerMs, foundLateMs }) =>
      p99Ms > quietP99Ms * 2 + 20 || newcomerMs > 5_000 || foundLateMs > 1_000,
  );
  report({ quietP99Ms, floods, missed });
  return missed.length === 0;
}
