import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sendScheduled } from '../../../hub/commands/group/scheduled-command.ts';
import { refusalReasons, type RefusalReason } from '../../../schemas/api/error-codes.ts';

test('a schedule asks again after the refusals that pass, and after no other', async () => {
  const later: string[] = [];
  for (const reason of Object.keys(refusalReasons) as RefusalReason[]) {
    const groupCommands = { send: async () => ({ kind: 'refused', refusal: { reason } }) as const };
    const outcome = await sendScheduled(groupCommands, {
      schedule: 'nightly',
      id: 's-1',
      to: 'floor=2',
      name: 'identify',
      params: {},
      jitterMs: 0,
    });
    if (outcome.kind === 'later') later.push(reason);
    else assert.deepEqual(outcome, { kind: 'refused', reason });
  }
  assert.deepEqual(later, ['too-many', 'unavailable']);
});
