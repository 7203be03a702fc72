import packageJson from '../../../package.json' with { type: 'json' };
import { hubIdOf } from '../../adapters/hub-id-file.ts';
import { beginIncarnation, openPostgresState, takeOverRest } from '../../adapters/postgres/postgres-state.ts';
import { createPostgresTenure } from '../../adapters/postgres/postgres-tenure-store.ts';
import type { AuditStore } from '../../audit/audit.ts';
import { Tenure } from '../../cluster/tenure.ts';
import type { Log } from '../../kernel/log.ts';
import type { Releasers } from '../../kernel/releasers.ts';
import { wait, type Clock } from '../../../schemas/time/clock.ts';
import { postgresAudit, postgresStores } from './postgres-stores.ts';
import type { AuditedWrites, StateStores } from './state-stores.ts';

/** A state that is open: who we are in it, and its stores. */
export interface OpenedState {
  hubIdentity: { hubId: string; incarnation: string };
  auditStore: AuditStore;
  storesOf(entries: AuditedWrites): StateStores;
  /** Of a state that is elsewhere: why it cannot be used now. */
  link?: { readonly fault: string | undefined };
}

/**
 * The state in PostgreSQL.
 * @throws HubError `database-failed`: it is not reached, not fit, or another hub uses it · `data-dir-invalid`
 */
export async function openSharedState(deps: {
  url: string;
  username?: string | undefined;
  password?: string | undefined;
  dataDir: string;
  clock: Clock;
  log: Log;
  releasers: Releasers;
  onFailure: (error: Error) => void;
}): Promise<OpenedState> {
  const { clock, log, releasers, onFailure } = deps;
  const db = await openPostgresState(deps);
  releasers.push('state database', () => db.close());
  const hub = hubIdOf(deps.dataDir);
  const owner = { hub, inc: await beginIncarnation(db, hub, packageJson.version) };
  const tenure = new Tenure({ clock, log, store: createPostgresTenure(db, owner), lost: onFailure });
  releasers.push('tenure', () => tenure.close());
  await tenure.begin((ms) => wait(clock, ms));
  tenure.start();
  await takeOverRest(db, owner);
  return {
    hubIdentity: { hubId: hub, incarnation: String(owner.inc) },
    auditStore: postgresAudit(db),
    storesOf: (entries) => postgresStores(db, owner, entries),
    link: tenure,
  };
}
