import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { beginIncarnation, openPostgresState } from '../../../hub/adapters/postgres/postgres-state.ts';
import { postgresStores } from '../../../hub/wiring/state/postgres-stores.ts';
import type { Command } from '../../../hub/commands/command.ts';
import { entries } from '../../helpers/stores/store-kinds.ts';
import { storedCommand } from '../../helpers/stores/stored-command.ts';
import { waitFor } from '../../helpers/wait-for.ts';
import { startPostgres, type PostgresServer } from '../../helpers/services/postgres.ts';

/** A plan that reads a whole table is fast while the table is small, and stops a hub years later. */

const devices = 20_000;
let postgres: PostgresServer;

before(async () => {
  postgres = await startPostgres();
});
after(() => postgres?.close());

const command = (n: number): Command => storedCommand('new', { device: `d-${n}` });

/** How often each of these tables was read whole. */
function wholeReads(schema: string): Record<string, number> {
  const rows = postgres.sql(
    `SELECT relname || ' ' || coalesce(seq_scan, 0) FROM pg_stat_user_tables
      WHERE schemaname = '${schema}' AND relname IN ('device', 'device_state', 'command', 'boot_anchor', 'boot_anchor_step')`,
  );
  const pairs = rows
    .trim()
    .split('\n')
    .map((row) => row.split(' '));
  return Object.fromEntries(pairs.map(([name = '', count]) => [name, Number(count)]));
}

function indexReads(schema: string): number {
  return Number(postgres.sql(`SELECT sum(idx_scan) FROM pg_stat_user_tables WHERE schemaname = '${schema}'`));
}

/** How often all open commands were gone through. */
function readsOfOpen(schema: string): string {
  return postgres.sql(
    `SELECT idx_scan FROM pg_stat_user_indexes WHERE schemaname = '${schema}' AND indexrelname = 'command_open'`,
  );
}

for (const statistics of ['without', 'with'] as const) {
  test(`sessions, commands and presence read no table whole, ${statistics} statistics`, async () => {
    const schema = `plans_${statistics}`;
    const options = { url: postgres.url(schema), username: postgres.username };
    const filling = await openPostgresState(options);
    const owner = { hub: 'hub-1', incarnation: await beginIncarnation(filling, 'hub-1', '0.0.0') };
    await filling.close();
    postgres.sql(`SET search_path = ${schema};
      ALTER TABLE device SET (autovacuum_enabled = off);
      ALTER TABLE device_state SET (autovacuum_enabled = off);
      ALTER TABLE command SET (autovacuum_enabled = off);
      ALTER TABLE boot_anchor SET (autovacuum_enabled = off);
      INSERT INTO device (id, type, site, credentials, created_ms, disabled)
        SELECT 'd-' || n, 'a@1', 's', '[]', 1, false FROM generate_series(1, ${devices}) n;
      INSERT INTO device_state (device_id, hub, inc) SELECT 'd-' || n, 'hub-1', 1 FROM generate_series(1, ${devices}) n;
      INSERT INTO boot_anchor SELECT 'd-' || n, 'b', 1, 1, 1 FROM generate_series(1, ${devices}) n;
      INSERT INTO command (device, id, name, status, final, owed, accepted_ms, changed_ms, body, hub, inc)
        SELECT 'd-' || n, 'old', 'look', 'succeeded', true, false, 1, 1, '{}', 'hub-1', 1 FROM generate_series(1, ${devices}) n;
      ${statistics === 'with' ? 'ANALYZE' : ''}`);
    const db = await openPostgresState(options);
    const stores = postgresStores(db, owner, entries);
    const earlier = wholeReads(schema);
    const some = Array.from({ length: 200 }, (_, n) => n + 1);
    await Promise.all(
      some.map(async (n) => {
        const deviceId = `d-${n}`;
        const opened = await stores.devices.openSession({ deviceId, boot: 'b', uptimeMs: 2, nowMs: 3 });
        assert.equal(opened.kind === 'opened' && opened.epoch, 1);
        assert.equal((await stores.commands.accept({ command: command(n) }, false)).kind, 'added');
        assert.equal(await stores.commands.save({ ...command(n), status: 'sent' }, false), true);
        assert.equal((await stores.commands.find(deviceId, 'new'))?.command.status, 'sent');
      }),
    );
    const online = {
      state: 'online',
      reason: 'session-opened',
      sinceMs: 1,
      epoch: 1,
      n: 1,
      marks: {},
    } as const;
    const saved = await stores.presence.savePresence(some.map((n) => ({ deviceId: `d-${n}`, ...online })));
    assert.equal(saved.size, 200);
    await db.close();
    // Connections tell what they have read when they end.
    await waitFor(() => indexReads(schema) > 1_000, { what: 'the counts of the server' });
    assert.deepEqual(wholeReads(schema), earlier);
    assert.equal(readsOfOpen(schema).trim(), '0');
  });
}
