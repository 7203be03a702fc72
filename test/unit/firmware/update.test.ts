import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  newUpdate,
  resumedUpdate,
  stepUpdate,
  type Update,
  type UpdateEvent,
} from '../../../hub/firmware/rollouts/update.ts';
import { watchedBetween, type Gap } from '../../../hub/firmware/rollouts/watched-time.ts';
import { isSettledUpdate, updateWords } from '../../../schemas/firmware/update-states.ts';

const rules = { version: '2', soakMs: 100, deadlineMs: 1_000, gaps: [] };
const known = { boot: 'b1', firmware: '1', here: true };

/** The update after these, each so many ms after the one before. */
function after(...events: [UpdateEvent, number?][]): Update {
  let nowMs = 0;
  return events.reduce(
    (update, [event, ms = 1]) => {
      nowMs += ms;
      return stepUpdate(update, event, rules, nowMs);
    },
    newUpdate(0, known),
  );
}

const offered: [UpdateEvent] = [{ kind: 'offered' }];
const says = (said: (typeof updateWords)[number]): [UpdateEvent] => [{ kind: 'status', said }];
const hello = (boot: string, firmware: string): [UpdateEvent] => [{ kind: 'hello', boot, firmware }];

test('a device that runs the version in another boot, and stays well for the soak time, has succeeded', () => {
  const soaks = after(offered, says('downloading'), says('applying'), hello('b2', '2'));
  assert.equal(soaks.state, 'soaking');
  const ended = after(
    offered,
    says('applying'),
    hello('b2', '2'),
    [{ kind: 'time' }, 99],
    [{ kind: 'time' }, 1],
  );
  assert.equal(ended.state, 'succeeded');
});

test('what a device says of its success changes nothing', () => {
  const told = after(offered, says('applying'), says('succeeded'), [{ kind: 'time' }, 998]);
  assert.deepEqual([told.state, told.said, told.reason], ['timed-out', 'succeeded', 'not-applied']);
  const sameBoot = after(offered, says('applying'), hello('b1', '2'), [{ kind: 'time' }, 998]);
  assert.equal(
    sameBoot.state,
    'timed-out',
    'the boot in which it ran the old version cannot run the new one',
  );
});

test('a device that comes back with the old version has rolled back once it had begun to apply', () => {
  assert.equal(after(offered, says('downloading'), hello('b2', '1')).state, 'offered');
  assert.equal(
    after(offered, says('applying'), hello('b1', '1')).state,
    'applying',
    'the link broke, no more',
  );
  assert.equal(after(offered, says('applying'), hello('b2', '1')).state, 'rolled-back');
  assert.equal(after(offered, hello('b2', '2'), hello('b3', '1')).state, 'rolled-back');
});

test('a device that is not well begins its soak again, and has failed after three soak times', () => {
  const events: [UpdateEvent, number?][] = [offered, hello('b2', '2')];
  for (let boot = 3; boot < 8; boot += 1)
    events.push([{ kind: 'hello', boot: `b${boot}`, firmware: '2' }, 60]);
  const ill = after(...events, [{ kind: 'time' }, 1]);
  assert.deepEqual([ill.state, ill.reason], ['failed', 'not-well']);
  assert.ok(ill.troubles.every(({ kind }) => kind === 'rebooted'));
  const recovered = after(
    offered,
    hello('b2', '2'),
    [{ kind: 'hello', boot: 'b3', firmware: '2' }, 60],
    [{ kind: 'time' }, 100],
  );
  assert.equal(recovered.state, 'succeeded');
});

test('a device that is gone at the end of its soak has not succeeded', () => {
  const gone = after(offered, hello('b2', '2'), [{ kind: 'left' }, 50], [{ kind: 'time' }, 60]);
  assert.equal(gone.state, 'soaking');
  const lost = after(
    offered,
    hello('b2', '2'),
    [{ kind: 'left' }, 50],
    [{ kind: 'lost' }, 40],
    [{ kind: 'time' }, 210],
  );
  assert.deepEqual([lost.state, lost.troubles.map(({ kind }) => kind)], ['failed', ['offline']]);
  const sleeps = after(
    offered,
    hello('b2', '2'),
    [{ kind: 'left', asleep: true, away: true }, 50],
    [{ kind: 'time' }, 60],
  );
  assert.equal(sleeps.state, 'succeeded');
});

test('a cancelled rollout ends what has not begun to be applied, and follows what has', () => {
  const cancelled: [UpdateEvent] = [{ kind: 'cancelled' }];
  assert.equal(after(cancelled).state, 'cancelled');
  assert.equal(after(offered, says('downloading'), cancelled).state, 'cancelled');
  assert.equal(after(offered, says('applying'), cancelled).state, 'applying');
  assert.equal(after(offered, says('applying'), cancelled, hello('b2', '2')).state, 'soaking');
});

test('a device that was never there since the offer is away, another that says nothing does not answer', () => {
  const late: [UpdateEvent, number] = [{ kind: 'time' }, 2_000];
  assert.equal(after(offered, late).reason, 'no-answer');
  assert.equal(after([{ kind: 'left', away: true }], offered, late).reason, 'away');
  assert.equal(after(offered, says('downloading'), late).reason, 'not-downloaded');
});

test('a device that has the version already is skipped when its turn comes', () => {
  assert.equal(after(hello('b2', '2'), offered).state, 'skipped');
});

/** Every kind of event, and a restart of the hub. */
const events = fc.oneof(
  fc.constant({ kind: 'offered' } as const),
  fc.record({
    kind: fc.constant('hello' as const),
    boot: fc.constantFrom('b1', 'b2', 'b3', 'b4'),
    firmware: fc.constantFrom('1', '2', undefined),
  }),
  fc.record({ kind: fc.constant('status' as const), said: fc.constantFrom(...updateWords) }),
  fc.record({ kind: fc.constant('left' as const), asleep: fc.boolean(), away: fc.boolean() }),
  fc.constantFrom(
    { kind: 'lost' } as const,
    { kind: 'back' } as const,
    { kind: 'bad-readings' } as const,
    { kind: 'fewer-readings' } as const,
    { kind: 'unsendable' } as const,
    { kind: 'cancelled' } as const,
    { kind: 'removed' } as const,
    { kind: 'time' } as const,
    { kind: 'restart' } as const,
  ),
);

test('over every order of frames, disconnects, restarts, reboots, cancels and time the facts decide', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(events, fc.nat(150)), { maxLength: 40 }), (steps) => {
      let nowMs = 0;
      let update = newUpdate(0, known);
      /** The hub was away before each restart. */
      const gaps: Gap[] = [];
      /** Boots in which the device said another version than the wanted one. */
      const oldBoots = new Set(['b1']);
      /** When the device was last not known to be well. */
      let unwellMs = 0;
      for (const [event, ms] of steps) {
        nowMs += ms;
        const before = update;
        if (event.kind === 'restart') gaps.push({ fromMs: nowMs - ms, toMs: nowMs });
        // What is written and read again must be the same.
        update =
          event.kind === 'restart'
            ? resumedUpdate(JSON.parse(JSON.stringify(update)) as Update)
            : stepUpdate(update, event, { ...rules, gaps }, nowMs);
        if (isSettledUpdate(before.state)) assert.equal(update.state, before.state, 'an end is an end');
        if (event.kind === 'hello' && event.firmware !== '2') oldBoots.add(event.boot);
        if (event.kind === 'status' && before.state === 'soaking') assert.equal(update.state, 'soaking');
        if (event.kind === 'cancelled' && (before.state === 'applying' || before.state === 'soaking'))
          assert.equal(update.state, before.state);
        if (before.state === 'pending' && !['offered', 'cancelled', 'removed'].includes(event.kind))
          assert.equal(update.state, 'pending', 'nothing begins without an offer');
        if (update.state === 'soaking' && before.state !== 'soaking') {
          assert.ok(
            event.kind === 'hello' && event.firmware === '2',
            'only a hello with the version begins a soak',
          );
          assert.notEqual(event.boot, before.oldBoot);
          unwellMs = nowMs;
        }
        const isTrouble =
          event.kind === 'lost' ||
          (event.kind === 'hello' && event.boot !== before.boot && before.state === 'soaking');
        if (isTrouble) unwellMs = nowMs;
        if (update.state === 'succeeded' && before.state !== 'succeeded') {
          assert.deepEqual([event.kind, update.firmware], ['time', '2']);
          assert.ok(
            watchedBetween(unwellMs, nowMs, gaps) >= rules.soakMs,
            'it was seen to stay well for the soak time',
          );
          assert.ok(update.here || update.asleep === true, 'and it is there');
        }
        if (update.reason === 'not-well' && before.reason === undefined)
          assert.ok(watchedBetween(update.soakedMs ?? 0, nowMs, gaps) >= 3 * rules.soakMs);
        if (update.state === 'timed-out' && before.state !== 'timed-out')
          assert.ok(watchedBetween(update.offeredMs ?? 0, nowMs, gaps) >= rules.deadlineMs);
      }
      // Whatever it was, time ends it, once it was offered.
      if (update.state === 'pending') return;
      for (const ms of [rules.deadlineMs, 3 * rules.soakMs]) {
        nowMs += ms;
        update = stepUpdate(update, { kind: 'time' }, { ...rules, gaps }, nowMs);
      }
      assert.ok(isSettledUpdate(update.state), update.state);
    }),
    { numRuns: 3_000 },
  );
});
