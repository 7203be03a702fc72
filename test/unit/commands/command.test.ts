import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isFinal, type CommandStatus } from '../../../schemas/command-status.ts';
import {
  dueMs,
  giveUpAfterMs,
  isUnsent,
  step,
  type Command,
  type CommandEvent,
} from '../../../hub/commands/command.ts';

const t0 = 1_767_225_600_000;
const deadlineMs = t0 + 60_000;

function newCommand(overrides: Partial<Command> = {}): Command {
  return {
    device: 'd-1',
    id: 'c-1',
    name: 'set-interval',
    params: { seconds: 10 },
    safety: 'config',
    offline: 'queue',
    acceptedMs: t0,
    deadlineMs,
    status: 'accepted',
    changedMs: t0,
    cancelRequested: false,
    ...overrides,
  };
}

const turn: CommandEvent = { kind: 'turn', boot: 'boot-1', persists: false };

/** Applies events one second apart. */
function run(events: readonly CommandEvent[], start = newCommand()): Command {
  let command = start;
  let nowMs = t0;
  for (const event of events) {
    nowMs += 1_000;
    command = step(command, event, nowMs).command;
  }
  return command;
}

function ends(events: readonly CommandEvent[], status: CommandStatus, reason?: string): void {
  const command = run(events);
  assert.equal(command.status, status);
  assert.equal(command.reason, reason);
}

test('a command that goes well is accepted, sent, received, running and succeeded', () => {
  let command = newCommand();
  const seen: string[] = [command.status];
  const events: CommandEvent[] = [
    { kind: 'must-wait' },
    turn,
    { kind: 'received' },
    { kind: 'progress', percent: 50 },
    { kind: 'result', status: 'succeeded', output: { seconds: 10 } },
  ];
  for (const event of events) {
    const next = step(command, event, t0 + 1);
    command = next.command;
    assert.equal(next.journal, true);
    seen.push(command.status);
  }
  assert.deepEqual(seen, ['accepted', 'queued', 'sent', 'received', 'running', 'succeeded']);
  assert.deepEqual(command.output, { seconds: 10 });
});

test('a command that waits ends with its cancel, a newer one, its deadline or its device', () => {
  ends([{ kind: 'must-wait' }, { kind: 'cancel-requested' }], 'cancelled', 'on-request');
  ends([{ kind: 'must-wait' }, { kind: 'superseded' }], 'cancelled', 'superseded');
  ends([{ kind: 'must-wait' }, { kind: 'device-removed' }], 'cancelled', 'device-removed');
  const expired = step(newCommand(), { kind: 'deadline-passed' }, deadlineMs).command;
  assert.equal(expired.status, 'expired');
  const early = step(newCommand(), { kind: 'deadline-passed' }, deadlineMs - 1);
  assert.equal(early.command.status, 'accepted');
});

test('its turn after the deadline ends a command instead of sending it', () => {
  const { command, effects } = step(newCommand({ status: 'queued' }), turn, deadlineMs);
  assert.equal(command.status, 'expired');
  assert.deepEqual(effects, ['announce']);
});

test('only a command that may wait survives the loss of its session or of the hub unsent', () => {
  for (const kind of ['session-closed', 'hub-restarted'] as const) {
    for (const offline of ['queue', 'latest'] as const) {
      assert.equal(step(newCommand({ offline }), { kind }, t0).command.status, 'accepted');
    }
    assert.equal(step(newCommand({ offline: 'reject' }), { kind }, t0).command.status, 'rejected');
    const critical = newCommand({ offline: 'queue', safety: 'critical' });
    assert.equal(step(critical, { kind }, t0).command.status, 'rejected');
  }
});

test('a sent command whose link, hub or deadline is gone is uncertain, not judged', () => {
  ends([turn, { kind: 'session-closed' }], 'uncertain', 'link-lost');
  ends([turn, { kind: 'received' }, { kind: 'session-closed' }], 'uncertain', 'link-lost');
  ends([turn, { kind: 'hub-restarted' }], 'uncertain', 'hub-restarted');
  ends([turn, { kind: 'session-opened' }], 'uncertain', 'reconnected');
  const late = step(run([turn]), { kind: 'deadline-passed' }, deadlineMs);
  assert.equal(late.command.status, 'uncertain');
  assert.deepEqual(late.effects, ['announce', 'recall']);
});

test('what a backup has open is uncertain, waits a day for the device, and no unknown proves that it was never sent', () => {
  const restoredMs = deadlineMs + giveUpAfterMs;
  for (const before of [[], [turn], [turn, { kind: 'received' as const }]]) {
    const { command } = step(run(before), { kind: 'restored' }, restoredMs);
    assert.deepEqual([command.status, command.reason], ['uncertain', 'restored']);
    assert.equal(dueMs(command), restoredMs + giveUpAfterMs);
    assert.equal(step(command, { ...turn }, restoredMs).command.status, 'uncertain');
    const unknown = step(command, { kind: 'unknown', boot: 'boot-1', persists: true }, restoredMs).command;
    assert.deepEqual([unknown.status, unknown.reason], ['lost', 'restored']);
    const told = step(command, { kind: 'result', status: 'succeeded' }, restoredMs).command;
    assert.equal(told.status, 'succeeded');
  }
});

test('a running command outlives its deadline, which is for beginning', () => {
  const running = run([turn, { kind: 'progress' }]);
  assert.equal(step(running, { kind: 'deadline-passed' }, deadlineMs + 1).command.status, 'running');
  assert.equal(dueMs(running), t0 + 2_000 + giveUpAfterMs);
});

test('a late result settles an uncertain command', () => {
  ends(
    [turn, { kind: 'session-closed' }, { kind: 'result', status: 'failed', error: 'valve stuck' }],
    'failed',
    'valve stuck',
  );
});

test('a result after the final status is acked, noted and changes nothing', () => {
  const lost = step(run([turn]), { kind: 'device-removed' }, t0 + 9_000).command;
  const after = step(lost, { kind: 'result', status: 'succeeded' }, t0 + 10_000);
  assert.equal(after.command, lost);
  assert.equal(after.journal, false);
  assert.deepEqual(after.effects, ['ack', 'note-late']);
});

test('unknown from the boot it was sent to proves that it was not delivered', () => {
  const uncertain = run([turn, { kind: 'session-closed' }]);
  const unknown: CommandEvent = { kind: 'unknown', boot: 'boot-1', persists: false };
  const early = step(uncertain, unknown, deadlineMs - 1).command;
  assert.deepEqual([early.status, early.reason], ['rejected', 'not-delivered']);
  const late = step(uncertain, unknown, deadlineMs).command;
  assert.deepEqual([late.status, late.reason], ['expired', 'not-delivered']);
});

test('unknown after a reboot proves something only of a device that persisted then and persists now', () => {
  const after = (then: boolean, now: boolean): string => {
    const sent: CommandEvent = { kind: 'turn', boot: 'boot-1', persists: then };
    return run([sent, { kind: 'session-closed' }, { kind: 'unknown', boot: 'boot-2', persists: now }]).status;
  };
  assert.equal(after(true, true), 'rejected');
  assert.equal(after(false, true), 'lost');
  assert.equal(after(true, false), 'lost');
  assert.equal(after(false, false), 'lost');
});

test('unknown from a device that had said received is lost: it may have acted', () => {
  const unknown: CommandEvent = { kind: 'unknown', boot: 'boot-1', persists: true };
  ends([turn, { kind: 'received' }, { kind: 'session-closed' }, unknown], 'lost', 'device-forgot');
});

test('a cancel after sending is a request that is told to the device again after a reconnect', () => {
  const asked = step(run([turn]), { kind: 'cancel-requested' }, t0 + 5_000);
  assert.equal(asked.command.status, 'sent');
  assert.equal(asked.command.cancelRequested, true);
  assert.equal(asked.journal, true);
  assert.deepEqual(asked.effects, ['write-cancel', 'announce']);
  const reopened = step(asked.command, { kind: 'session-opened' }, t0 + 6_000);
  assert.deepEqual(reopened.effects, ['announce', 'recall', 'write-cancel']);
});

test('a frame that was never written ends the command without a second turn', () => {
  ends([turn, { kind: 'not-written' }], 'rejected', 'not-delivered');
  ends([turn, { kind: 'cancel-requested' }, { kind: 'not-written' }], 'cancelled', 'on-request');
});

test('a day without a word from the device is lost, not before', () => {
  const uncertain = run([turn, { kind: 'session-closed' }]);
  const dayMs = t0 + 1_000 + giveUpAfterMs;
  assert.equal(dueMs(uncertain), dayMs);
  assert.equal(step(uncertain, { kind: 'gave-up' }, dayMs - 1).command.status, 'uncertain');
  assert.equal(step(uncertain, { kind: 'gave-up' }, dayMs).command.status, 'lost');
});

test('a result for a command that was never sent is disowned', () => {
  const { command, effects } = step(newCommand(), { kind: 'result', status: 'succeeded' }, t0);
  assert.equal(command.status, 'accepted');
  assert.deepEqual(effects, ['disown']);
});

const boot = fc.constantFrom('boot-1', 'boot-2');
const anyEvent: fc.Arbitrary<CommandEvent> = fc.oneof(
  fc.constantFrom<CommandEvent>(
    { kind: 'must-wait' },
    { kind: 'refused', reason: 'offline' },
    { kind: 'superseded' },
    { kind: 'not-written' },
    { kind: 'session-opened' },
    { kind: 'session-closed' },
    { kind: 'received' },
    { kind: 'progress', percent: 10 },
    { kind: 'deadline-passed' },
    { kind: 'cancel-requested' },
    { kind: 'device-removed' },
    { kind: 'hub-restarted' },
    { kind: 'restored' },
    { kind: 'gave-up' },
  ),
  fc.record({ kind: fc.constant('turn' as const), boot, persists: fc.boolean() }),
  fc.record({ kind: fc.constant('unknown' as const), boot, persists: fc.boolean() }),
  fc.record({
    kind: fc.constant('result' as const),
    status: fc.constantFrom('succeeded', 'failed', 'rejected', 'expired', 'cancelled'),
  }),
);
/** Mostly forwards; now and then the wall clock is set back, or far ahead. */
const clockStep = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 20_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: -100_000, max: 0 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 2 * giveUpAfterMs }) },
);
const start = fc
  .record({
    offline: fc.constantFrom('reject' as const, 'queue' as const, 'latest' as const),
    safety: fc.constantFrom('observe' as const, 'config' as const, 'actuate' as const, 'critical' as const),
  })
  .map(newCommand);

test('in every order of events and clock steps: one final status, one sending, none after the deadline', () => {
  fc.assert(
    fc.property(start, fc.array(fc.tuple(anyEvent, clockStep), { maxLength: 40 }), (first, history) => {
      let command = first;
      let nowMs = t0;
      let sendings = 0;
      let deviceSaid: string | undefined;
      for (const [event, byMs] of history) {
        nowMs += byMs;
        const before = command;
        const { command: after, journal, effects } = step(before, event, nowMs);
        if (isFinal(before.status)) assert.equal(after, before, 'a final command never changes');
        if (after.status !== before.status) assert.ok(journal, 'every transition is journalled');
        if (!isUnsent(before)) assert.ok(!isUnsent(after), 'what was sent never waits again');
        if (effects.includes('write-command')) {
          sendings++;
          assert.ok(nowMs < before.deadlineMs, 'nothing is sent after its deadline');
          assert.equal(after.status, 'sent');
        }
        if (event.kind === 'result' && !isUnsent(before) && !isFinal(before.status)) {
          assert.ok(effects.includes('ack') && journal, 'a result is acked once it is journalled');
          deviceSaid = event.status;
        }
        command = after;
      }
      assert.ok(sendings <= 1, 'nothing is sent twice');
      if (command.status === 'succeeded' || command.status === 'failed')
        assert.equal(command.status, deviceSaid);
      if (sendings === 1 && command.status === 'lost') assert.equal(deviceSaid, undefined);
    }),
    { numRuns: 5_000 },
  );
});

test('time alone always brings a command to an end', () => {
  fc.assert(
    fc.property(start, fc.array(anyEvent, { maxLength: 20 }), (first, events) => {
      let command = run(events, first);
      let nowMs = t0 + 20_000;
      for (let rounds = 0; !isFinal(command.status); rounds++) {
        assert.ok(rounds < 5, `still ${command.status}`);
        nowMs = Math.max(nowMs, dueMs(command));
        command = step(command, { kind: 'deadline-passed' }, nowMs).command;
        command = step(command, { kind: 'gave-up' }, nowMs).command;
      }
      assert.equal(dueMs(command), Number.POSITIVE_INFINITY);
    }),
    { numRuns: 2_000 },
  );
});
