import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createPostgresLeases } from '../../../hub/adapters/postgres/postgres-lease-store.ts';
import { beginIncarnation, openPostgresState } from '../../../hub/adapters/postgres/postgres-state.ts';
import { postgresStores } from '../../../hub/wiring/state/postgres-stores.ts';
import { startPostgres } from '../../helpers/services/postgres.ts';
import { entries, lead, takeOver } from '../../helpers/stores/store-kinds.ts';
import { storedCommand } from '../../helpers/stores/stored-command.ts';
import { storedDevice } from '../../helpers/stores/stored-device.ts';
import { oddText, storedGroupCommand, storedSchedule } from '../../helpers/stores/stored-records.ts';

const script = readFileSync(new URL('../../../packaging/cluster/after-restore.sql', import.meta.url), 'utf8');

test('after a restore of PostgreSQL the script that is shipped lets numbers leap ahead, and nothing that was open is sent again', async (t) => {
  const server = await startPostgres();
  t.after(() => server.close());
  const db = await openPostgresState({ url: server.url(), username: server.username });
  t.after(() => db.close());
  const begin = async () => {
    const owner = { hub: 'hub-1', incarnation: await beginIncarnation(db, 'hub-1', '0.0.0') };
    await takeOver(db, owner);
    await lead(createPostgresLeases(db, owner));
    return { owner, stores: postgresStores(db, owner, entries) };
  };
  const opening = { deviceId: 'a', boot: 'b', uptimeMs: 1, nowMs: 2 };
  const { stores: before } = await begin();
  await before.devices.add([storedDevice('a'), storedDevice('b')]);
  await before.devices.openSession(opening);
  const command = storedCommand('c-1', { device: 'a', params: { text: oddText } });
  await before.commands.accept({ command }, false);
  await before.commands.accept({ command: { ...command, id: 'g-1' } }, false);
  const targets = ['a', 'b'].map((device) => ({ device, status: 'waiting' as const }));
  const groupCommand = storedGroupCommand('g-1', { params: { text: oddText } });
  await before.groupCommands.accept({ groupCommand, targets });
  await before.schedules.save(storedSchedule('nightly'));
  const { cron: _, ...once } = storedSchedule('past');
  await before.schedules.save({ ...once, atMs: 5_000 });
  const laterMs = Date.now() + 3_600_000;
  await before.schedules.save({ ...once, name: 'later', atMs: laterMs });
  server.sql(
    `INSERT INTO rollout (id, settled, body) VALUES ('r-1', false, '{"status":"running","text":"\\u0000"}')`,
  );

  const restoredMs = Date.now();
  server.sql(script.replaceAll(":'made'", `'${new Date(restoredMs - 10_000).toISOString()}'`));

  const { owner, stores } = await begin();
  const far = 1_000_000 + 300;
  assert.ok(owner.incarnation >= 1 + far, String(owner.incarnation));
  const opened = await stores.devices.openSession(opening);
  assert.ok(opened.kind === 'opened' && opened.epoch >= 2 + far, JSON.stringify(opened));
  await stores.devices.add([storedDevice('new')]);
  const first = await stores.devices.openSession({ ...opening, deviceId: 'new' });
  assert.ok(first.kind === 'opened' && first.epoch > far, JSON.stringify(first));

  const open = (await stores.commands.open()).map((record) => record.command);
  assert.deepEqual(
    open.map(({ id, status, reason, params }) => [id, status, reason, params]),
    ['c-1', 'g-1'].map((id) => [id, 'uncertain', 'restored', { text: oddText }]),
  );
  assert.ok(open.every((each) => (each.restoredMs ?? 0) >= restoredMs - 1_000));
  const [group] = await stores.groupCommands.open();
  assert.deepEqual([group?.groupCommand.status, group?.groupCommand.reason], ['stopped', 'restored']);
  assert.deepEqual(
    group?.targets.map(({ status, reason }) => [status, reason]),
    [
      ['waiting', undefined],
      ['lost', 'restored'],
    ],
    'what became of the command of a is asked of a',
  );
  const lastOf = new Map((await stores.schedules.load()).map(({ name, lastMs }) => [name, lastMs]));
  assert.ok((lastOf.get('nightly') ?? 0) >= restoredMs - 1_000);
  assert.deepEqual([lastOf.get('past'), lastOf.get('later')], [5_000, undefined]);
  assert.match(server.sql('SELECT body FROM rollout'), /"paused"/);
});
