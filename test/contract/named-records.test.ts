import assert from 'node:assert/strict';
import type { AccountRecord, TokenRecord } from '../../hub/operators/operator-store.ts';
import type { EnrolmentRecord, PendingRequest } from '../../hub/identity/enrolment.ts';
import type { StoredSession } from '../../hub/operators/console-sessions.ts';
import { contract } from '../helpers/stores/store-kinds.ts';
import { oddText as text, storedSchedule } from '../helpers/stores/stored-records.ts';

contract('schedules come back after a restart as they were last saved, by name', async (state) => {
  const { schedules } = state.stores;
  for (const name of ['z', 'a', 'gone']) await schedules.save(storedSchedule(name));
  await schedules.save(storedSchedule('z', { paused: true, lastMs: 7.5 }));
  await schedules.remove('gone');
  await schedules.remove('none');
  await state.restart();
  const again = await state.stores.schedules.load();
  assert.deepEqual(again, [storedSchedule('a'), storedSchedule('z', { paused: true, lastMs: 7.5 })]);
});

contract('scheduled notices come back after a restart until they are sent', async (state) => {
  const { notices } = state.stores;
  const notice = {
    id: 'n-1',
    to: `label=${text.length}`,
    topic: 'ß',
    data: { text },
    atMs: 9.5,
    createdMs: 1.5,
  };
  await notices.save({ ...notice, actor: 'operator:anna' });
  await notices.save({ ...notice, id: 'n-2', data: null, actor: 'local' });
  assert.deepEqual([await notices.take('n-2'), await notices.take('n-2')], [true, false]);
  await state.restart();
  assert.deepEqual(await state.stores.notices.load(), [{ ...notice, actor: 'operator:anna' }]);
  await assert.rejects(state.stores.notices.save(notice), 'an id is used once');
});

const rights = { role: 'admin', devices: '*', safety: 'critical', createdMs: 1.5 } as const;
const anyAdmin = { keepsAnAdmin: false };
const keepsAnAdmin = { keepsAnAdmin: true };

contract('accounts and tokens of operators come back after a restart', async (state) => {
  const { operators } = state.stores;
  const account: AccountRecord = { name: 'anna', ...rights, passwordHash: text };
  const token: TokenRecord = { name: 'anna', ...rights, hash: 'ab', notAfterMs: 9 };
  assert.equal(await operators.addAccount(account), true);
  assert.equal(await operators.addAccount({ ...account, role: 'viewer' }), false, 'the name is taken');
  assert.equal(await operators.addToken(token), true);
  assert.equal(await operators.addToken({ ...token, hash: 'cd' }), false, 'the name is taken');
  await operators.addToken({ ...token, name: 'ci' });
  await operators.removeToken('ci');
  await operators.removeAccount('nobody');
  await state.restart();
  const again = state.stores.operators;
  assert.deepEqual(await again.loadAccounts(), [account]);
  assert.deepEqual(await again.loadTokens(), [token]);
  await again.removeAccount('anna');
  assert.deepEqual(await again.loadAccounts(), []);
  assert.deepEqual(await again.loadTokens(), [token], 'a token of the same name stays');
});

contract('an account is changed as it is on disk, not as it was known', async ({ stores }) => {
  const { operators } = stores;
  const known: AccountRecord = { name: 'anna', ...rights, passwordHash: text };
  const demote = (now: AccountRecord): AccountRecord => ({ ...now, role: 'viewer' });
  assert.deepEqual(await operators.changeAccount(known, demote, anyAdmin), { kind: 'gone' });
  await operators.addAccount(known);
  const rehash = (now: AccountRecord): AccountRecord => ({ ...now, passwordHash: 'new' });
  const record = { ...known, passwordHash: 'new', role: 'viewer' } as const;
  await operators.changeAccount(known, rehash, anyAdmin);
  assert.deepEqual(await operators.changeAccount(known, demote, anyAdmin), { kind: 'changed', record });
  assert.deepEqual(await operators.loadAccounts(), [record]);
  const same = await operators.changeAccount(record, (now) => now, anyAdmin);
  assert.deepEqual(same, { kind: 'changed', record }, 'nothing is to be changed');
  const refuse = (): never => {
    throw new Error('not so');
  };
  await assert.rejects(operators.changeAccount(record, refuse, anyAdmin), /not so/);
  assert.deepEqual(await operators.loadAccounts(), [record]);
});

contract(
  'the last admin is neither removed nor made something else, and everybody else may be',
  async ({ stores }) => {
    const { operators } = stores;
    const [anna, ben]: AccountRecord[] = ['anna', 'ben'].map((name) => ({
      name,
      ...rights,
      passwordHash: text,
    }));
    assert.ok(anna && ben);
    const demote = async (account: AccountRecord) =>
      (await operators.changeAccount(account, (now) => ({ ...now, role: 'viewer' }), keepsAnAdmin)).kind;
    await operators.addAccount(anna);
    const viewer = { ...ben, role: 'viewer' } as const;
    await operators.addAccount(viewer);
    assert.equal(await demote(anna), 'last-admin');
    assert.equal(await operators.removeKeepingAnAdmin('anna'), false);
    assert.deepEqual(await operators.loadAccounts(), [anna, viewer]);
    await operators.changeAccount(viewer, () => ben, keepsAnAdmin);
    assert.equal(await demote(anna), 'changed');
    assert.equal(await operators.removeKeepingAnAdmin('ben'), false);
    assert.equal(await operators.removeKeepingAnAdmin('anna'), true);
    assert.equal(await operators.removeKeepingAnAdmin('nobody'), true, 'it is gone');
    assert.deepEqual(await operators.loadAccounts(), [ben]);
  },
);

contract('logins of the console come back after a restart', async (state) => {
  const { consoleSessions } = state.stores;
  const stored: StoredSession = {
    actor: 'operator:anna',
    kind: 'browser',
    address: '192.0.2.1',
    openedMs: 1.5,
    usedMs: 2.5,
    secure: true,
    hash: 'h-1',
    grant: text,
  };
  await consoleSessions.add(stored);
  await consoleSessions.add({ ...stored, hash: 'h-2' });
  await consoleSessions.remove('h-2');
  await consoleSessions.used({ ...stored, hash: 'h-2' }, 9);
  await consoleSessions.used({ ...stored, usedMs: 1 }, 4.5);
  await consoleSessions.used(stored, 3);
  await state.restart();
  const left = [{ ...stored, usedMs: 4.5 }];
  assert.deepEqual(
    await state.stores.consoleSessions.load(),
    left,
    'one that has ended is not used any more',
  );
});

contract('enrolments and what waits for approval come back after a restart', async (state) => {
  const { enrolments } = state.stores;
  const enrolment: EnrolmentRecord = {
    id: 'e-1',
    type: 'env-sensor@1',
    site: 'a',
    idPrefix: 'x-',
    uses: 5,
    used: 0,
    notAfterMs: 9,
    createdMs: 1,
    labels: { floor: '1' },
    reEnrolment: 'approve',
    hash: 'ab',
  };
  const request: PendingRequest = {
    deviceId: 'd-1',
    enrolmentId: 'e-1',
    address: '192.0.2.1',
    askedMs: 1.5,
    approved: false,
    claimHash: 'cd',
  };
  await enrolments.add({ ...enrolment, used: 3 });
  await assert.rejects(enrolments.add(enrolment), 'an id is used once');
  assert.equal(await enrolments.saveRequest(request, undefined), true);
  assert.equal(await enrolments.saveRequest({ ...request, claimHash: 'ef' }, undefined), false);
  const approved = { ...request, approved: true };
  assert.equal(await enrolments.saveRequest(approved, request), true);
  assert.equal(
    await enrolments.saveRequest({ ...request, claimHash: 'ef' }, request),
    false,
    'it is decided',
  );
  await enrolments.saveRequest({ ...request, deviceId: 'd-2' }, undefined);
  await enrolments.removeRequest('d-2');
  await state.restart();
  const again = state.stores.enrolments;
  assert.deepEqual(await again.load(), [{ ...enrolment, used: 3 }]);
  assert.equal(await again.spend(enrolment), false, 'it is not so any more');
  assert.equal(await again.spend({ ...enrolment, used: 3 }), true);
  assert.equal((await again.load())[0]?.used, 4);
  const { labels: _, ...earlier } = enrolment;
  await again.add({ ...(earlier as EnrolmentRecord), id: 'earlier' });
  const kept = (await again.load()).find(({ id }) => id === 'earlier');
  assert.deepEqual(kept?.labels, {}, 'those of earlier releases have none');
  assert.equal(await again.spend(kept), true);
  await again.remove('earlier');
  assert.deepEqual(await again.loadRequests(), [{ ...request, approved: true }]);
  await again.remove('e-1');
  assert.deepEqual(await again.load(), []);
});

contract('what was counted in an hour comes back after a restart', async (state) => {
  const { dayCounts } = state.stores;
  const hour = { hour: 5, counts: { rejected: { schema: 2 }, commands: {}, closes: {}, losses: {} } };
  await dayCounts.add(hour);
  await dayCounts.add({ ...hour, hour: 6 });
  await dayCounts.add(hour);
  await dayCounts.add({ ...hour, counts: { ...hour.counts, losses: { 1006: 1 } } });
  await dayCounts.remove('6');
  await state.restart();
  assert.deepEqual(await state.stores.dayCounts.load(), [
    { ...hour, counts: { ...hour.counts, rejected: { schema: 6 }, losses: { 1006: 1 } } },
  ]);
});
