import packageJson from '../../../package.json' with { type: 'json' };
import { hubIdOf } from '../../adapters/hub-id-file.ts';
import { createPostgresAlarmNews } from '../../adapters/postgres/postgres-alarm-store.ts';
import { createPostgresSharedJournal } from '../../adapters/postgres/postgres-command-store.ts';
import { createPostgresNews } from '../../adapters/postgres/postgres-device-store.ts';
import { createPostgresPeers } from '../../adapters/postgres/postgres-peer-store.ts';
import { beginIncarnation, openPostgresState } from '../../adapters/postgres/postgres-state.ts';
import { createPostgresAdoption } from '../../adapters/postgres/postgres-adoption-store.ts';
import { createPostgresLeases } from '../../adapters/postgres/postgres-lease-store.ts';
import { createPostgresSpool } from '../../adapters/postgres/postgres-spool-store.ts';
import { createPostgresTypes } from '../../adapters/postgres/postgres-type-store.ts';
import { createPostgresTenure } from '../../adapters/postgres/postgres-tenure-store.ts';
import { createPostgresDeliveryClaims } from '../../adapters/postgres/postgres-webhook-store.ts';
import type { AlarmNewsStore } from '../../alarms/alarm-store.ts';
import type { DeliveryClaimStore } from '../../alarms/webhook-store.ts';
import type { AuditStore } from '../../audit/audit.ts';
import type { AdoptionStore } from '../../cluster/adoption.ts';
import { shortStartName, type HubStart } from '../../cluster/hub-start.ts';
import { Leases } from '../../cluster/leases.ts';
import type { PeerStore } from '../../cluster/peers.ts';
import { Tenure } from '../../cluster/tenure.ts';
import type { SharedJournal } from '../../commands/journal.ts';
import type { Log } from '../../kernel/log.ts';
import type { Releasers } from '../../kernel/releasers.ts';
import type { DeviceTypeStore } from '../../registry/device-type-store.ts';
import type { DeviceNews } from '../../registry/device-store.ts';
import type { SharedSpoolStore } from '../../telemetry/spool-store.ts';
import { wait, type Clock } from '../../../schemas/time/clock.ts';
import { postgresAudit, postgresStores } from './postgres-stores.ts';
import type { AuditedWrites, StateStores } from './state-stores.ts';

/** A state that is open: who we are in it, and its stores. */
export interface OpenedState {
  hubIdentity: { hubId: string; incarnation: string };
  /** Names this start among all that use the state. */
  startName: string;
  auditStore: AuditStore;
  storesOf(entries: AuditedWrites): StateStores;
  /** Of a state that other hubs may use, too. */
  shared?: SharedState;
}

/** What a hub has that is one of several. */
export interface SharedState {
  me: HubStart;
  tenure: Tenure;
  leases: Leases;
  stores: {
    adoption: AdoptionStore;
    journal: SharedJournal;
    news: DeviceNews;
    alarmNews: AlarmNewsStore;
    deliveries: DeliveryClaimStore;
    peers: PeerStore;
    types: DeviceTypeStore;
    spool: SharedSpoolStore;
  };
}

/**
 * The state in PostgreSQL.
 * @throws HubError `database-failed`: it is not reached, not fit, or another process is this hub, too · `data-dir-invalid`
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
  const id = hubIdOf(deps.dataDir);
  const owner = { hub: id, incarnation: await beginIncarnation(db, id, packageJson.version) };
  const me = { id, incarnation: owner.incarnation };
  const store = createPostgresTenure(db, owner);
  const tenure = new Tenure({
    clock,
    log,
    store,
    me,
    lost(error) {
      onFailure(error);
      // Nothing that is written counts any more, and nobody is to wait for it.
      void db.close();
    },
  });
  releasers.push('tenure', () => tenure.close());
  await tenure.begin((ms) => wait(clock, ms));
  const leases = new Leases({ log, store: createPostgresLeases(db, owner), me });
  tenure.follow(leases);
  tenure.start();
  return {
    hubIdentity: { hubId: id, incarnation: String(owner.incarnation) },
    startName: shortStartName(me),
    auditStore: postgresAudit(db),
    storesOf: (entries) => postgresStores(db, owner, entries),
    shared: {
      me,
      tenure,
      leases,
      stores: {
        adoption: createPostgresAdoption(db, owner),
        journal: createPostgresSharedJournal(db, owner),
        news: createPostgresNews(db),
        alarmNews: createPostgresAlarmNews(db),
        deliveries: createPostgresDeliveryClaims(db, owner),
        peers: createPostgresPeers(db, owner),
        types: createPostgresTypes(db),
        spool: createPostgresSpool(db, owner),
      },
    },
  };
}
