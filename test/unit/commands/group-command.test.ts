import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TargetStatus } from '../../../schemas/command-status.ts';
import { tally } from '../../../schemas/command-tally.ts';
import fc from 'fast-check';
import {
  decide,
  isSettled,
  type GroupCommand,
  type Target,
} from '../../../hub/commands/group/group-command.ts';
import { storedGroupCommand } from '../../helpers/stores/stored-records.ts';

const plan = storedGroupCommand('g-1', { wave: 10, maxFailures: 2, acceptedMs: 1_000 });

function targets(...statuses: TargetStatus[]): Target[] {
  return statuses.map((status, index) => ({ device: `d-${index}`, status }));
}

const next = (groupCommand: GroupCommand, given: Target[], nowMs = 1_000) =>
  decide(groupCommand, given, nowMs, () => 0.5);

test('a wave begins when nothing of the waves before can still move', () => {
  const small = { ...plan, wave: 2 };
  assert.deepEqual(next(small, targets('waiting', 'waiting', 'waiting')), { kind: 'send', indexes: [0, 1] });
  assert.deepEqual(next(small, targets('succeeded', 'running', 'waiting')), { kind: 'wait' });
  assert.deepEqual(next(small, targets('succeeded', 'uncertain', 'waiting')), { kind: 'send', indexes: [2] });
  const waitsOffline = targets('succeeded', 'queued', 'waiting');
  assert.deepEqual(next(small, waitsOffline), { kind: 'wait' });
  waitsOffline.splice(1, 1, { device: 'd-1', status: 'queued', waitsOffline: true });
  assert.deepEqual(next(small, waitsOffline), { kind: 'send', indexes: [2] });
});

test('each device waits for its own share of the jitter, and nothing is sent after the deadline', () => {
  const spread = { ...plan, jitterMs: 1_000 };
  assert.deepEqual(next(spread, targets('waiting'), 1_499), { kind: 'wait' });
  assert.deepEqual(next(spread, targets('waiting'), 1_500), { kind: 'send', indexes: [0] });
  const late = { ...plan, expiresMs: 1_000 };
  assert.deepEqual(next(late, targets('waiting')), { kind: 'end', status: 'expired', reason: 'deadline' });
});

test('whatever becomes of the devices, it ends, and never begins a wave after one failure too many', () => {
  const outcome = fc.constantFrom<TargetStatus>(
    'succeeded',
    'succeeded',
    'failed',
    'expired',
    'lost',
    'rejected',
  );
  const outcomes = fc.array(outcome, { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(
      outcomes,
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 0, max: 10 }),
      (ends, wave, max) => {
        const groupCommand = { ...plan, wave, maxFailures: max };
        const given = ends.map((_, index): Target => ({ device: `d-${index}`, status: 'waiting' }));
        for (let round = 0; ; round++) {
          assert.ok(round <= ends.length + 1, 'it ends');
          const decision = next(groupCommand, given);
          if (decision.kind === 'end') {
            if (decision.status === 'finished') assert.ok(given.every(isSettled));
            else assert.ok(tally(given).failed > max);
            return;
          }
          assert.equal(decision.kind, 'send');
          assert.ok(tally(given).failed <= max);
          if (decision.kind !== 'send') return;
          assert.ok(decision.indexes.length <= wave);
          for (const index of decision.indexes) {
            const target = given[index];
            assert.ok(target?.status === 'waiting', 'none is sent twice');
            target.status = ends[index] ?? 'lost';
          }
        }
      },
    ),
  );
});
