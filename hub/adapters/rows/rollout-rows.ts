import type { Rollout, RolloutRecord, RolloutTarget } from '../../firmware/rollouts/rollout.ts';
import type { RolloutStore } from '../../firmware/rollouts/rollout-store.ts';
import type { Update } from '../../firmware/rollouts/update.ts';
import { jsonOf, type Row } from './row.ts';
import type { StateTables } from './state-tables.ts';
import { withTargets } from './targets.ts';

const targetsOfOne = 'SELECT device, wave, body FROM rollout_target WHERE rollout = $1 ORDER BY n';

/** The parts of the store of firmware rollouts that both databases share. */
export function rolloutRows(tables: StateTables): Pick<RolloutStore, 'open' | 'find' | 'list'> {
  const records = (rows: readonly Row[]): Promise<RolloutRecord[]> =>
    withTargets(tables, rows, targetsOfOne, (row, targets) => ({
      rollout: rolloutOf(row),
      targets: targets.map(rolloutTargetOf),
    }));
  return {
    async open() {
      const sql = `SELECT id, body FROM rollout WHERE ${tables.no('settled')} ORDER BY seq`;
      return records(await tables.load(sql));
    },
    async find(id) {
      return (await records(await tables.read('SELECT id, body FROM rollout WHERE id = $1', [id])))[0];
    },
    async list(limit) {
      const rows = await tables.read('SELECT body FROM rollout ORDER BY seq DESC LIMIT $1', [limit]);
      return rows.map(rolloutOf);
    },
  };
}

function rolloutOf({ body }: Row): Rollout {
  return jsonOf(body) as Rollout;
}

function rolloutTargetOf(row: Row): RolloutTarget {
  return {
    device: String(row['device']),
    wave: Number(row['wave']),
    update: jsonOf(row['body']) as Update,
  };
}
