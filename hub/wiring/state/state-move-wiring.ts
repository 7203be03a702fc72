import { keepHubId } from '../../adapters/hub-id-file.ts';
import { createMoveTarget } from '../../adapters/postgres/postgres-move-target.ts';
import { openMoveDatabase } from '../../adapters/postgres/postgres-state.ts';
import { openLeavingState } from '../../adapters/sqlite/leaving-state.ts';
import { createMoveSource } from '../../adapters/sqlite/sqlite-move-source.ts';
import { moveState, planMove } from '../../admin/state-move.ts';
import type { Config } from '../../config/config.ts';
import { demandStateElsewhere } from '../../config/state-place.ts';
import type { MoveProgress, MoveReport } from '../../../schemas/state-move.ts';

/**
 * Moves the state of the data folder into PostgreSQL, and sets the files aside when both sides are the same.
 * @throws HubError `config-invalid` · `data-dir-in-use` · `data-dir-invalid` · `database-failed` · `state-not-moved`
 */
export async function moveHubState(
  config: Config,
  { dryRun, progress }: { dryRun: boolean; progress: (progress: MoveProgress) => void },
): Promise<MoveReport> {
  const { dataDir } = config;
  const state = demandStateElsewhere(config);
  const leaving = await openLeavingState(dataDir);
  try {
    const source = await createMoveSource(leaving.database);
    const database = await openMoveDatabase(state, !dryRun);
    try {
      const target = createMoveTarget(database, state.url);
      if (dryRun) return await planMove({ source, target });
      keepHubId(dataDir, source.hub.id);
      const report = await moveState({ source, target, progress });
      await leaving.setAside();
      return report;
    } finally {
      await database.close();
    }
  } finally {
    await leaving.close();
  }
}
