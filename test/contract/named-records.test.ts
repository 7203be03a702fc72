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
  await notices.remove('n-2');
  await state.restart();
  assert.deepEqual(await state.stores.notices.load(), [{ ...notice, actor: 'operator:anna' }]);
  await assert.rejects(state.stores.notices.save(notice), 'an id is used once');
});

contract('accounts and tokens of operators come back after a restart', async (state) => {
  const { operators } = state.stores;
  const rights = { role: 'admin', devices: '*', safety: 'critical', createdMs: 1.5 } as const;
  const account: AccountRecord = { name: 'anna', ...rights, passwordHash: text };
  const token: TokenRecord = { name: 'anna', ...rights, hash: 'ab', notAfterMs: 9 };
  await operators.saveAccount(account);
  await operators.saveToken(token);
  await operators.saveAccount({ ...account, role: 'viewer' });
  await operators.saveToken({ ...token, name: 'ci' });
  await operators.removeToken('ci');
  await operators.removeAccount('nobody');
  await state.restart();
  const again = state.stores.operators;
  assert.deepEqual(await again.loadAccounts(), [{ ...account, role: 'viewer' }]);
  assert.deepEqual(await again.loadTokens(), [token]);
  await again.removeAccount('anna');
  assert.deepEqual(await again.loadAccounts(), []);
  assert.deepEqual(await again.loadTokens(), [token], 'a token of the same name stays');
});

contract(
  'the last admin is neither removed nor made something else, and everybody else may be',
  async ({ stores }) => {
    const { operators } = stores;
    const rights = { role: 'admin', devices: '*', safety: 'critical', createdMs: 1.5 } as const;
    const [anna, ben]: AccountRecord[] = ['anna', 'ben'].map((name) => ({
      name,
      ...rights,
      passwordHash: text,
    }));
    assert.ok(anna && ben);
    await operators.saveAccount(anna);
    const viewer = { ...ben, role: 'viewer' } as const;
    assert.equal(await operators.saveKeepingAnAdmin(viewer), true, 'a new one');
    assert.equal(await operators.saveKeepingAnAdmin({ ...anna, role: 'operator' }), false);
    assert.equal(await operators.removeKeepingAnAdmin('anna'), false);
    assert.deepEqual(await operators.loadAccounts(), [anna, viewer]);
    await operators.saveAccount(ben);
    assert.equal(await operators.saveKeepingAnAdmin({ ...anna, role: 'operator' }), true);
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
  await consoleSessions.save('h-1', stored);
  await consoleSessions.save('h-2', stored);
  await consoleSessions.remove('h-2');
  await state.restart();
  assert.deepEqual(await state.stores.consoleSessions.load(), [stored]);
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
  await enrolments.save(enrolment);
  await enrolments.save({ ...enrolment, used: 3 });
  await enrolments.saveRequest(request);
  await enrolments.saveRequest({ ...request, approved: true });
  await enrolments.saveRequest({ ...request, deviceId: 'd-2' });
  await enrolments.removeRequest('d-2');
  await state.restart();
  const again = state.stores.enrolments;
  assert.deepEqual(await again.load(), [{ ...enrolment, used: 3 }]);
  assert.equal(await again.spend(enrolment), false, 'it is not so any more');
  assert.equal(await again.spend({ ...enrolment, used: 3 }), true);
  assert.equal((await again.load())[0]?.used, 4);
  const { labels: _, ...earlier } = enrolment;
  await again.save({ ...(earlier as EnrolmentRecord), id: 'earlier' });
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
  await dayCounts.save('5', hour);
  await dayCounts.save('6', { ...hour, hour: 6 });
  await dayCounts.save('5', { ...hour, counts: { ...hour.counts, rejected: { schema: 3 } } });
  await dayCounts.remove('6');
  await state.restart();
  assert.deepEqual(await state.stores.dayCounts.load(), [
    { ...hour, counts: { ...hour.counts, rejected: { schema: 3 } } },
  ]);
});
