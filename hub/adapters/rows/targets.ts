import type { TargetStatus } from '../../../schemas/command-status.ts';
import type { ChangedTarget } from '../../commands/group/group-command-journal.ts';
import type { Target } from '../../commands/group/group-command.ts';
import type { Row } from './row.ts';
import type { StateTables } from './state-tables.ts';

export function targetOf(row: Row): Target {
  const reason = row['reason'];
  return {
    device: String(row['device']),
    status: String(row['status']) as TargetStatus,
    reason: typeof reason === 'string' ? reason : undefined,
  };
}

/** Lists for `unnest`: places, statuses and reasons. */
export function targetColumns(
  targets: readonly ChangedTarget[],
): [readonly number[], readonly string[], readonly (string | null)[]] {
  return [
    targets.map(({ index }) => index),
    targets.map(({ target }) => target.status),
    targets.map(({ target }) => target.reason ?? null),
  ];
}

/**
 * Reads requests to many devices with their targets, one request after another: each may have every device as a target.
 * @param sql selects the targets of one request by its id
 */
export async function withTargets<Result>(
  tables: StateTables,
  rows: readonly Row[],
  sql: string,
  join: (request: Row, targets: Row[]) => Result,
): Promise<Result[]> {
  const joined: Result[] = [];
  for (const row of rows) joined.push(join(row, await tables.load(sql, [String(row['id'])])));
  return joined;
}
