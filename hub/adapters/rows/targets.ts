import type { TargetStatus } from '../../../schemas/command-status.ts';
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

/**
 * Requests to many devices, each with its targets. One after the other, because each may have as many as there are devices.
 * @param sql the targets of one request, by its id
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
