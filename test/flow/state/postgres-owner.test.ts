import assert from 'node:assert/strict';
import { test } from 'node:test';
import { beginIncarnation, openPostgresState } from '../../../hub/adapters/postgres/postgres-state.ts';
import { createPostgresTenure } from '../../../hub/adapters/postgres/postgres-tenure-store.ts';
import { postgresStores } from '../../../hub/wiring/state/postgres-stores.ts';
import { startPostgres } from '../../helpers/services/postgres.ts';
import { entries, takeOver } from '../../helpers/stores/store-kinds.ts';
import { storedCommand } from '../../helpers/stores/stored-command.ts';
import { storedDevice } from '../../helpers/stores/stored-device.ts';

const command = storedCommand('c-1', { device: 'a' });
const online = { state: 'online', reason: 'session-opened', sinceMs: 1, epoch: 1, n: 2, marks: {} } as const;

test('a start of the hub that another one has replaced changes nothing any more, however late it writes', async (t) => {
  const server = await startPostgres();
  t.after(() => server.close());
  const db = await openPostgresState({ url: server.url(), username: server.username });
  t.after(() => db.close());
  const begin = async () => {
    const owner = { hub: 'hub-1', incarnation: await beginIncarnation(db, 'hub-1', '0.0.0') };
    await takeOver(db, owner);
    const stores = postgresStores(db, owner, entries);
    return { stores, tenure: createPostgresTenure(db, owner) };
  };
  const opening = { deviceId: 'a', boot: 'b', uptimeMs: 1, nowMs: 2 };
  const first = await begin();
  await first.stores.devices.add([storedDevice('a')]);
  assert.equal((await first.stores.devices.openSession(opening)).kind, 'opened');
  assert.deepEqual(await first.stores.commands.accept({ command }, false), { kind: 'added' });

  const second = await begin();
  assert.equal((await first.tenure.beat()).mine, false);
  assert.deepEqual(await first.stores.devices.openSession(opening), { kind: 'not-ours' });
  assert.equal(await first.stores.commands.save({ ...command, status: 'sent' }, false), false);
  assert.deepEqual([...(await first.stores.presence.savePresence([{ deviceId: 'a', ...online }]))], []);
  const late = await first.stores.commands.accept({ command: { ...command, id: 'c-2' } }, false);
  assert.deepEqual(late, { kind: 'added', owner: 'hub-1' }, 'journalled for the one that delivers it');
  assert.deepEqual(await first.stores.commands.open(), []);

  assert.equal((await second.tenure.beat()).mine, true);
  const open = (await second.stores.commands.open()).map((record) => record.command);
  assert.deepEqual(
    open.map(({ id, status }) => `${id} ${status}`),
    ['c-1 accepted', 'c-2 accepted'],
  );
  assert.equal(await second.stores.commands.save({ ...command, status: 'sent' }, false, 1), true);
  assert.deepEqual([...(await second.stores.presence.savePresence([{ deviceId: 'a', ...online }]))], ['a']);
});
