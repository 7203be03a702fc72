import { join } from 'node:path';
import { openStateDatabase } from '../../adapters/sqlite/state-database.ts';
import type { Log } from '../../kernel/log.ts';
import type { Releasers } from '../../kernel/releasers.ts';
import type { Clock } from '../../../schemas/time/clock.ts';
import type { OpenedState } from './shared-state.ts';
import { firstSqliteStores, sqliteStores } from './sqlite-stores.ts';

/** The state in `state.db` of the data folder. @throws HubError `database-failed` */
export async function openEmbeddedState(deps: {
  dataDir: string;
  clock: Clock;
  log: Log;
  releasers: Releasers;
  onFailure: (error: Error) => void;
}): Promise<OpenedState> {
  const { dataDir, clock, log, onFailure } = deps;
  const database = await openStateDatabase(join(dataDir, 'state.db'), { onFailure, clock, log });
  deps.releasers.push('state database', () => database.close());
  const { audit: auditStore, identity } = firstSqliteStores(database);
  const hubIdentity = {
    hubId: await identity.hubId(),
    incarnation: String(await identity.nextIncarnation()),
  };
  return {
    hubIdentity,
    startName: hubIdentity.incarnation,
    auditStore,
    storesOf: (entries) => sqliteStores(database, entries),
  };
}
