import type { GroupTwinStore } from '../../twins/group/group-twin-store.ts';
import type { GroupTwin, GroupTwinRecord } from '../../twins/group/group-twin.ts';
import { jsonOf, type Row } from './row.ts';
import type { StateTables } from './state-tables.ts';
import { targetOf, withTargets } from './targets.ts';

const targetsOfOne = 'SELECT device, status, reason FROM group_twin_target WHERE group_twin = $1 ORDER BY n';

/** The parts of the store of group twins that both databases share. */
export function groupTwinRows(
  tables: StateTables,
): Omit<GroupTwinStore, 'accept' | 'save' | 'saveTargets' | 'prune'> {
  const records = (rows: readonly Row[]): Promise<GroupTwinRecord[]> =>
    withTargets(tables, rows, targetsOfOne, (row, targets) => ({
      groupTwin: groupTwinOf(row),
      targets: targets.map(targetOf),
    }));
  return {
    async open() {
      const sql = `SELECT id, body FROM group_twin WHERE status = 'running' ORDER BY seq`;
      return records(await tables.load(sql));
    },
    async find(id) {
      return (await records(await tables.read('SELECT id, body FROM group_twin WHERE id = $1', [id])))[0];
    },
    async list(limit) {
      const rows = await tables.read('SELECT body FROM group_twin ORDER BY seq DESC LIMIT $1', [limit]);
      return rows.map(groupTwinOf);
    },
  };
}

function groupTwinOf({ body }: Row): GroupTwin {
  return jsonOf(body) as GroupTwin;
}
