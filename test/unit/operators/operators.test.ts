import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HubError } from '../../../hub/kernel/errors.ts';
import { Operators } from '../../../hub/operators/operators.ts';
import { createOneTimeCodes } from '../../../hub/adapters/one-time-codes.ts';
import { SecondFactors } from '../../../hub/operators/second-factor.ts';
import { Audit } from '../../../hub/audit/audit.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { silentLog } from '../../helpers/silent-log.ts';
import { MemoryOperators } from '../../helpers/stores/memory-operators.ts';

/** Operators whose store holds this many accounts and tokens already. */
async function operatorsWith(count: number, adminStays = true): Promise<Operators> {
  const rights = { role: 'admin', devices: 'all', safety: 'critical', createdMs: 0 } as const;
  const names = Array.from({ length: count }, (_, n) => `n-${n}`);
  const store = new MemoryOperators(
    names.map((name) => ({ name, ...rights, passwordHash: `of ${name}` })),
    names.map((name) => ({ name, ...rights, hash: `of ${name}` })),
    { adminStays },
  );
  const clock = new ManualClock();
  const log = silentLog;
  const audit = new Audit({ store: { append: async () => undefined, list: async () => [] }, clock, log });
  const factors = new SecondFactors({ clock, codes: createOneTimeCodes('hub') });
  const operators = new Operators({ store, clock, audit, factors, changed: () => undefined });
  await operators.load();
  return operators;
}

const tooMany = (things: string) => (error: unknown) =>
  error instanceof HubError && error.code === 'input-invalid' && error.message.includes(`1000 ${things}`);

test('accounts and API tokens are bounded, and one that is there can still be changed or replaced', async () => {
  const operators = await operatorsWith(1_000);
  const rights = { role: 'viewer', devices: 'all', safety: 'observe' } as const;
  await assert.rejects(operators.saveAccount('more', rights, 'a long password'), tooMany('accounts'));
  await assert.rejects(operators.tokens.add('more', rights), tooMany('API tokens'));
  await operators.saveAccount('n-1', rights);
  await operators.removeAccount('n-1');
  await operators.tokens.remove('n-1');
  await operators.saveAccount('more', rights, 'a long password');
  await operators.tokens.add('more', rights);
});

test('an admin stays when another hub has taken the others in the meantime', async () => {
  const operators = await operatorsWith(2, false);
  const rights = { role: 'viewer', devices: 'all', safety: 'observe' } as const;
  const lastAdmin = { code: 'input-invalid', details: { name: 'name' } };
  await assert.rejects(operators.removeAccount('n-1'), lastAdmin);
  await assert.rejects(operators.saveAccount('n-1', rights), lastAdmin);
  assert.equal(operators.byActor('operator:n-1')?.role, 'admin');
});
