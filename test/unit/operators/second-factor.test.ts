import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOneTimeCodes } from '../../../hub/adapters/one-time-codes.ts';
import { Audit } from '../../../hub/audit/audit.ts';
import { HubError } from '../../../hub/kernel/errors.ts';
import { Operators } from '../../../hub/operators/operators.ts';
import { OwnAccount } from '../../../hub/operators/own-account.ts';
import { SecondFactors } from '../../../hub/operators/second-factor.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { oneTimeCode } from '../../helpers/one-time-code.ts';
import { silentLog } from '../../helpers/silent-log.ts';
import { MemoryOperators } from '../../helpers/stores/memory-operators.ts';

const password = 'correct horse battery';
const stepMs = 30_000;

/** Anna's account, whose second factor is set up, on a clock that is moved by hand. */
async function withSecondFactor() {
  const clock = new ManualClock();
  const ended: string[] = [];
  const nothing = async () => undefined;
  const store = new MemoryOperators();
  const audit = new Audit({ store: { append: nothing, list: async () => [] }, clock, log: silentLog });
  const factors = new SecondFactors({ clock, codes: createOneTimeCodes('hub') });
  const operators = new Operators({ store, clock, audit, factors, changed: (actor) => ended.push(actor) });
  const own = new OwnAccount({ operators, factors, clock });
  await operators.saveAccount('anna', { role: 'admin', devices: '*', safety: 'critical' }, password);
  const begun = await own.beginSecondFactor('operator:anna', password, '192.0.2.1');
  const codeNow = () => oneTimeCode(begun.secret, clock.now());
  const recovery = await own.confirmSecondFactor('operator:anna', codeNow());
  const login = async (code?: string) =>
    (await operators.login('anna', password, '192.0.2.1', { code })).kind;
  return { clock, saved: store.accounts, ended, operators, own, begun, codeNow, recovery, login };
}

test('with a second factor the password alone is not enough, and a code is taken once', async () => {
  const { clock, codeNow, login } = await withSecondFactor();
  assert.equal(await login(), 'code-needed');
  assert.equal(await login(codeNow()), 'denied', 'the code that set it up was used');
  clock.advance(stepMs);
  const code = codeNow();
  assert.equal(await login(code), 'operator');
  assert.equal(await login(code), 'denied');
  clock.advance(stepMs);
  assert.equal(await login(codeNow()), 'operator');
  assert.equal(await login('000'), 'denied');
});

test('a phone whose clock is half a minute off gets in, one that is two minutes off does not', async () => {
  const { clock, begun, login } = await withSecondFactor();
  clock.advance(10 * stepMs);
  assert.equal(await login(oneTimeCode(begun.secret, clock.now() - 4 * stepMs)), 'denied');
  assert.equal(await login(oneTimeCode(begun.secret, clock.now() - stepMs)), 'operator');
  assert.equal(await login(oneTimeCode(begun.secret, clock.now() + stepMs)), 'operator');
});

test('a recovery code signs in once, however it is typed', async () => {
  const { own, recovery, login } = await withSecondFactor();
  const [first = '', second = ''] = recovery;
  assert.equal(recovery.length, 10);
  assert.equal(await login(first.toLowerCase().replace('-', ' ')), 'operator');
  assert.equal(await login(first), 'denied');
  assert.equal(await login(second), 'operator');
  assert.equal(own.view('operator:anna')?.recoveryCodes, 8);
});

test('after five wrong codes even the right one waits a minute, and the guessing of passwords is not touched by it', async () => {
  const { clock, codeNow, login } = await withSecondFactor();
  clock.advance(stepMs);
  for (let guess = 0; guess < 5; guess += 1) assert.equal(await login(`${guess}`), 'denied');
  assert.equal(await login(codeNow()), 'throttled');
  assert.equal(await login(), 'code-needed');
  clock.advance(60_000);
  assert.equal(await login(codeNow()), 'operator');
});

test('who sets it up, removes it or changes the password proves the password again, and the other sessions end', async () => {
  const { clock, ended, own, operators, codeNow, login } = await withSecondFactor();
  const wrongProof = (field: string) => (error: unknown) =>
    error instanceof HubError && error.code === 'input-invalid' && error.details['name'] === field;
  await assert.rejects(own.beginSecondFactor('operator:anna', 'wrong', '192.0.2.1'), wrongProof('password'));
  await assert.rejects(
    own.removeSecondFactor('operator:anna', 'wrong', codeNow(), '192.0.2.1'),
    wrongProof('password'),
  );
  await assert.rejects(
    own.removeSecondFactor('operator:anna', password, 'wrong', '192.0.2.1'),
    wrongProof('code'),
  );
  await assert.rejects(
    own.changePassword('operator:anna', password, 'short', '192.0.2.1'),
    wrongProof('newPassword'),
  );
  await assert.rejects(own.changePassword('token:ci', password, password, '192.0.2.1'), /no account/);
  const before = ended.length;
  clock.advance(stepMs);
  await own.removeSecondFactor('operator:anna', password, codeNow(), '192.0.2.1');
  assert.equal(ended.length, before + 1);
  assert.equal(await login(), 'operator');
  await own.changePassword('operator:anna', password, 'another horse battery', '192.0.2.1');
  assert.equal(ended.length, before + 2);
  assert.equal(await login(), 'denied');
  const [account] = operators.listAccounts();
  assert.deepEqual(Object.keys(account ?? {}).toSorted(), [
    'createdMs',
    'devices',
    'name',
    'role',
    'safety',
    'twoFactor',
  ]);
});

test('a secret that was shown more than ten minutes ago is not confirmed', async () => {
  const { clock, own } = await withSecondFactor();
  const { secret } = await own.beginSecondFactor('operator:anna', password, '192.0.2.1');
  clock.advance(601_000);
  await assert.rejects(
    own.confirmSecondFactor('operator:anna', oneTimeCode(secret, clock.now())),
    /begin again/,
  );
});

test('an admin resets the codes of somebody who lost the phone; a code that was used on another hub ends no session', async () => {
  const { saved, ended, operators, clock, codeNow, login } = await withSecondFactor();
  const elsewhere = saved.get('anna');
  assert.ok(elsewhere?.secondFactor !== undefined);
  clock.advance(stepMs);
  saved.set('anna', { ...elsewhere, secondFactor: { ...elsewhere.secondFactor, usedStep: 1e9 } });
  const before = ended.length;
  await operators.refresh();
  assert.equal(ended.length, before);
  assert.equal(await login(codeNow()), 'denied', 'it was used elsewhere');
  await operators.resetSecondFactor('anna');
  assert.equal(await login(), 'operator');
});
