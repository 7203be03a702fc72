import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOneTimeCodes } from '../../../hub/adapters/one-time-codes.ts';
import type { AccountRecord } from '../../../hub/operators/operator-store.ts';
import { Operators } from '../../../hub/operators/operators.ts';
import { OwnAccount } from '../../../hub/operators/own-account.ts';
import { newRecoveryCodes, SecondFactors } from '../../../hub/operators/second-factor.ts';
import { hashPassword } from '../../../hub/operators/passwords.ts';
import type { Postgres } from '../../../hub/adapters/postgres/postgres.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { oneTimeCode } from '../../helpers/one-time-code.ts';
import { meet, twoHubs, type StoredHub } from '../../helpers/stores/two-hubs.ts';

/** Two hubs that change one account at one moment, as in `postgres-races.test.ts`. */

const openHubs = twoHubs();
const password = 'correct horse battery';
const holdAccounts = (query: Postgres['query']) => query('SELECT 1 FROM operator_account FOR UPDATE');
const account = (
  name: string,
  role: 'admin' | 'viewer',
  more: Partial<AccountRecord> = {},
): AccountRecord => ({
  name,
  role,
  devices: '*',
  safety: 'critical',
  createdMs: 1,
  passwordHash: 'x',
  ...more,
});

/** The people as this hub knows them. */
async function peopleOf({ stores }: StoredHub) {
  const clock = new ManualClock();
  const ended: string[] = [];
  const audit = {
    record: () => Promise.resolve(),
    entryOf: <Event>(event: Event) => ({ ...event, timeMs: 0 }),
    noted() {},
    refused() {},
  };
  const factors = new SecondFactors({ clock, codes: createOneTimeCodes('hub') });
  const changed = (actor: string): void => void ended.push(actor);
  const operators = new Operators({ store: stores.operators, clock, audit, factors, changed });
  await operators.load();
  const own = new OwnAccount({ operators, factors, clock });
  const login = (code: string) => operators.login('anna', password, '192.0.2.1', { code });
  return { clock, operators, own, ended, login };
}

const { codes, hashes } = newRecoveryCodes();
const secret = createOneTimeCodes('hub').newSecret();
/** An account with a second factor. */
const anna = (passwordHash: string) =>
  account('anna', 'admin', { passwordHash, secondFactor: { secret, usedStep: -1, recoveryHashes: hashes } });
const hash = hashPassword(password);

/** Anna's account as two hubs know it. */
async function annaAtTwo({ a, b }: Awaited<ReturnType<typeof openHubs>>) {
  for (const each of [anna(await hash), account('ben', 'admin')]) await a.stores.operators.addAccount(each);
  const [here, there] = [await peopleOf(a), await peopleOf(b)];
  // It is known to be right from here on, so that nothing slow is done while statements wait.
  for (const { operators } of [here, there]) await operators.proves('anna', password, '192.0.2.1');
  return { here, there };
}

test('a recovery code and a code of the app are each taken by one of two hubs', async (t) => {
  const hubs = await openHubs(t);
  const { here, there } = await annaAtTwo(hubs);
  for (const code of [codes[0] ?? '', oneTimeCode(secret, here.clock.now())]) {
    const logins = await meet(hubs.db, holdAccounts, [() => here.login(code), () => there.login(code)]);
    assert.deepEqual(logins.map(({ kind }) => kind).toSorted(), ['denied', 'operator'], code);
  }
  const [now] = await hubs.a.stores.operators.loadAccounts();
  assert.equal(now?.secondFactor?.recoveryHashes.length, 9);
  const [one, other] = await meet(hubs.db, holdAccounts, [
    () => here.login(codes[1] ?? ''),
    () => there.login(codes[2] ?? ''),
  ]);
  assert.deepEqual([one.kind, other.kind], ['operator', 'operator'], 'two codes are two');
  const [both] = await hubs.a.stores.operators.loadAccounts();
  assert.equal(both?.secondFactor?.recoveryHashes.length, 7, 'both are used up');
});

test('what two hubs change of one account at one moment is kept', async (t) => {
  const { a, b, db } = await openHubs(t);
  for (const each of [anna('x'), account('ben', 'admin')]) await a.stores.operators.addAccount(each);
  const [here, there] = [await peopleOf(a), await peopleOf(b)];
  const rights = { role: 'operator', devices: 'site=a', safety: 'observe' } as const;
  const now = async (): Promise<AccountRecord | undefined> =>
    (await a.stores.operators.loadAccounts()).find(({ name }) => name === 'anna');
  await here.operators.saveAccount('anna', rights);
  await there.operators.resetSecondFactor('anna');
  assert.deepEqual([(await now())?.role, (await now())?.secondFactor], ['operator', undefined]);
  assert.equal(there.operators.byActor('operator:anna')?.role, 'operator');
  await meet(db, holdAccounts, [
    () => here.operators.saveAccount('anna', { ...rights, devices: 'site=b' }),
    () => there.operators.change('anna', (known) => ({ ...known, passwordHash: 'y' })),
  ]);
  assert.deepEqual([(await now())?.devices, (await now())?.passwordHash], ['site=b', 'y']);
});

test('a code that is taken under rights that another hub has changed ends the sessions that are open under those of before', async (t) => {
  const { here, there } = await annaAtTwo(await openHubs(t));
  await here.operators.saveAccount('anna', { role: 'viewer', devices: '*', safety: 'observe' });
  const login = await there.login(codes[0] ?? '');
  assert.equal(login.kind === 'operator' && login.operator.role, 'viewer');
  assert.deepEqual(there.ended, ['operator:anna']);
});

test('a password that another hub has changed proves no other one, and a code that it has taken removes no factor', async (t) => {
  const { here, there } = await annaAtTwo(await openHubs(t));
  const [code = ''] = codes;
  assert.equal((await here.login(code)).kind, 'operator');
  const refused = { code: 'input-invalid' };
  await assert.rejects(there.own.removeSecondFactor('operator:anna', password, code, '192.0.2.1'), refused);
  const change = ({ own }: typeof here, next: string) =>
    own.changePassword('operator:anna', password, next, '192.0.2.1');
  await change(here, 'battery staple horse');
  await assert.rejects(change(there, 'another long password'), refused);
});

test('somebody who comes from the provider to two hubs at one moment has one account, with the rights of now', async (t) => {
  const { a, b, db } = await openHubs(t);
  const [here, there] = [await peopleOf(a), await peopleOf(b)];
  const person = { issuer: 'https://id.example', subject: 's-1' };
  const come =
    ({ operators }: typeof here, role: 'viewer' | 'operator', who = person) =>
    () =>
      operators
        .externalLogin(who, { name: 'anna', rights: { role, devices: '*', safety: 'observe' } }, '192.0.2.1')
        .then(
          ({ kind }) => kind,
          () => 'refused',
        );
  // There is no row to be held yet.
  const lock = (query: Postgres['query']) => query('LOCK TABLE operator_account IN SHARE MODE');
  assert.deepEqual(await meet(db, lock, [come(here, 'viewer'), come(there, 'operator')]), [
    'operator',
    'operator',
  ]);
  const [known, ...others] = await a.stores.operators.loadAccounts();
  assert.deepEqual([known?.external, others], [person, []]);
  const stranger = await peopleOf(a);
  await a.stores.operators.removeAccount('anna');
  await stranger.operators.refresh();
  const [first, second] = await meet(db, lock, [
    come(stranger, 'viewer'),
    come(await peopleOf(b), 'viewer', { ...person, subject: 's-2' }),
  ]);
  assert.deepEqual([first, second].toSorted(), ['operator', 'refused'], 'the name is taken');
});

test('of two hubs that make a token of one name at one moment only one does', async (t) => {
  const { a, b, db } = await openHubs(t);
  const hubs = [await peopleOf(a), await peopleOf(b)];
  const rights = { role: 'viewer', devices: '*', safety: 'observe' } as const;
  const lock = (query: Postgres['query']) => query('LOCK TABLE operator_token IN SHARE MODE');
  const tokens = await meet<(string | undefined)[]>(
    db,
    lock,
    hubs.map(
      ({ operators }) =>
        () =>
          operators.tokens.add('ci', rights).catch(() => undefined),
    ),
  );
  const [token, ...others] = tokens.filter((each) => each !== undefined);
  assert.deepEqual(others, []);
  const { operators } = await peopleOf(a);
  assert.equal(operators.tokens.byToken(token ?? '')?.actor, 'token:ci', 'who was given a token may use it');
});

test('the code that makes the first admin makes none once another hub has one', async (t) => {
  const { a, b } = await openHubs(t);
  const [here, there] = [await peopleOf(a), await peopleOf(b)];
  const [one, other] = [here, there].map(({ operators }) => operators.openFirstLogin() ?? '');
  assert.equal((await here.operators.firstLogin(one ?? '', 'anna', password, '192.0.2.1')).kind, 'operator');
  const late = await there.operators.firstLogin(other ?? '', 'anna', 'another long password', '192.0.2.1');
  assert.equal(late.kind, 'denied');
});

for (const [what, go] of [
  ['removed', ({ stores }: StoredHub, name: string) => stores.operators.removeKeepingAnAdmin(name)],
  [
    'demoted',
    async ({ stores }: StoredHub, name: string) => {
      const demote = () => account(name, 'viewer');
      const known = account(name, 'admin');
      return (await stores.operators.changeAccount(known, demote, { keepsAnAdmin: true })).kind === 'changed';
    },
  ],
] as const) {
  test(`of the last two admins that are ${what} by two hubs at one moment one stays`, async (t) => {
    const { a, b, db } = await openHubs(t);
    for (const name of ['anna', 'ben']) await a.stores.operators.addAccount(account(name, 'admin'));
    const gone = await meet(db, holdAccounts, [() => go(a, 'anna'), () => go(b, 'ben')]);
    assert.deepEqual(gone.toSorted(), [false, true]);
    const left = (await a.stores.operators.loadAccounts()).filter(({ role }) => role === 'admin');
    assert.equal(left.length, 1);
  });
}
