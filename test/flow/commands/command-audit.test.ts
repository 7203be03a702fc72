import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { createCommandStore } from '../../../hub/adapters/sqlite/sqlite-command-store.ts';
import { auditInSameTransaction } from '../../../hub/adapters/sqlite/sqlite-audit-store.ts';
import { stateEvent } from '../../../hub/commands/command-audit.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { FakeSession, startCommandHub, type CommandHub } from '../../helpers/hubs/dispatcher.ts';
import { waitFor } from '../../helpers/wait-for.ts';

async function hubOf(t: TestContext): Promise<CommandHub> {
  const hub = await startCommandHub(new ManualClock());
  t.after(() => hub.close());
  return hub;
}

async function entries(hub: CommandHub, subject: string): Promise<unknown[]> {
  const records = await hub.audit.list({ limit: 100, subject });
  return records.map(({ actor, origin, action, outcome, details = {} }) => [
    actor,
    origin,
    action,
    outcome,
    ...('reason' in details ? [details['reason']] : []),
  ]);
}

test('who asked and every state are in the audit with the state itself, each once', async (t) => {
  const hub = await hubOf(t);
  const session = new FakeSession('d-1');
  hub.dispatcher.sessionOpened(session);
  await hub.command('command/d-1/look', { id: 'c-1' }, { actor: 'operator:anna' });
  await session.frame('command');
  await hub.command('command/d-1/look', { id: 'c-1' }, { actor: 'operator:anna' });
  hub.dispatcher.result(session, { type: 'result', re: 'c-1', status: 'succeeded' });
  await session.frame('ack');
  assert.deepEqual(await entries(hub, 'd-1/c-1'), [
    ['operator:anna', 'mqtt', 'command.send', 'accepted'],
    ['hub', 'hub', 'command.status', 'sent'],
    ['hub', 'hub', 'command.status', 'succeeded'],
  ]);
});

test('a state that the journal does not take leaves no entry', async (t) => {
  const hub = await hubOf(t);
  await hub.command('command/d-1/queued', { id: 'c-1', params: { percent: 1 } });
  const known = await hub.dispatcher.find('d-1', 'c-1');
  assert.ok(known);
  const beside = auditInSameTransaction();
  const journal = createCommandStore(hub.database, (command, first) =>
    beside(hub.audit.entryOf({ ...stateEvent(command, first), action: 'hub.restore' })),
  );
  assert.deepEqual(await journal.accept(known, false), { kind: 'known' }, 'the id is taken');
  await journal.save({ ...known.command, status: 'expired' }, true);
  await journal.save({ ...known.command, status: 'cancelled' }, true);
  const written = await hub.audit.list({ limit: 10, action: 'hub.restore' });
  assert.deepEqual(
    written.map(({ outcome }) => outcome),
    ['expired'],
  );
});

test('a refused command and a cancel request are in the audit with who asked, the origin and the reason', async (t) => {
  const hub = await hubOf(t);
  await hub.command('command/d-1/queued', { id: 'c-1', params: { percent: 'half' } });
  await hub.command('command/d-2/look', { id: 'c-2' }, { actor: 'token:ci' });
  await hub.command('command/d-1/queued', { id: 'c-3', params: { percent: 1 } });
  await hub.command('cancel/d-1/c-3', '', { actor: 'operator:anna' });
  await hub.command('cancel/d-1/c-9', '', { actor: 'operator:anna' });
  await hub.dispatcher.cancel('d-1', 'c-3', { origin: 'cli', actor: 'local' });
  const ended = await waitFor(
    async () => {
      const found = await entries(hub, 'd-1/c-3');
      return found.length < 5 ? undefined : found;
    },
    { what: 'the entries of c-3' },
  );
  assert.deepEqual(await entries(hub, 'd-1/c-1'), [
    ['mqtt', 'mqtt', 'command.send', 'refused', 'bad-params'],
  ]);
  assert.deepEqual(await entries(hub, 'd-2/c-2'), [
    ['token:ci', 'mqtt', 'command.send', 'refused', 'unknown-device'],
  ]);
  assert.deepEqual(await entries(hub, 'd-1/c-9'), [
    ['operator:anna', 'mqtt', 'command.cancel', 'refused', 'unknown-id'],
  ]);
  assert.deepEqual(ended, [
    ['mqtt', 'mqtt', 'command.send', 'accepted'],
    ['hub', 'hub', 'command.status', 'queued'],
    ['hub', 'hub', 'command.status', 'cancelled', 'on-request'],
    ['operator:anna', 'mqtt', 'command.cancel', 'cancelled'],
    ['local', 'cli', 'command.cancel', 'cancelled'],
  ]);
});
