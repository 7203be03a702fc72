import type { DeadLetter } from '../../../schemas/api/telemetry/spool.ts';
import type { Row } from './row.ts';

/** A line that the store has refused, as both databases keep it. */
export function letterOf(row: Row): DeadLetter {
  return {
    id: Number(row['id']),
    account: String(row['account']),
    line: String(row['line']),
    reason: String(row['reason']),
    refusedMs: Number(row['refused_ms']),
  };
}
