import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isSettled, type Target } from '../../../hub/commands/group/group-command.ts';
import { OpenGroupTwin } from '../../../hub/twins/group/open-group-twin.ts';
import { GroupTwins } from '../../../hub/twins/group/group-twins.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { silentLog } from '../../helpers/silent-log.ts';
import { startMs } from '../../helpers/start-time.ts';
import { decideTwins, followed, type GroupTwin } from '../../../hub/twins/group/group-twin.ts';

const groupTwin: GroupTwin = {
  id: 't-1',
  to: 'all',
  patch: { a: 1 },
  wave: 2,
  maxFailures: 1,
  settleSec: 60,
  acceptedMs: 0,
  requester: { actor: 'local', origin: 'cli' },
  status: 'running',
};

const at = (state: 'in-sync' | 'pending' | 'waiting' | 'refused', sinceMs = 0) => ({
  state,
  sinceMs,
  rev: 1,
  away: state === 'waiting',
});
const target = (status: Target['status'] = 'waiting'): Target => ({ device: 'd', status });

test('a device is in sync, refused, away, at work, late or gone', () => {
  const sent = target('sent');
  const status = (...given: Parameters<typeof followed>) => {
    const next = followed(...given);
    return [next.status, next.reason, next.waitsOffline];
  };
  assert.deepEqual(status(sent, at('in-sync'), 60, 1), ['succeeded', undefined, false]);
  assert.deepEqual(status(sent, at('refused'), 60, 1), ['failed', 'refused', false]);
  assert.deepEqual(status(sent, at('waiting'), 60, 90_000), ['queued', undefined, true]);
  assert.deepEqual(status(sent, { ...at('waiting'), away: false }, 60, 90_000), ['sent', undefined, false]);
  assert.deepEqual(status(sent, at('pending'), 60, 60_000), ['sent', undefined, false]);
  assert.deepEqual(status(sent, at('pending'), 60, 60_001), ['failed', 'no-answer', false]);
  assert.deepEqual(status(sent, undefined, 60, 1), ['cancelled', 'device-removed', false]);
});

test('a wave begins when the one before is in sync, and devices that are away do not hold it up', () => {
  const four = ['succeeded', 'sent', 'waiting', 'waiting'].map((status) =>
    target(status as Target['status']),
  );
  assert.deepEqual(decideTwins(groupTwin, four, 1), { kind: 'wait' });
  const away = [target('succeeded'), { ...target('queued'), waitsOffline: true }, target(), target()];
  assert.deepEqual(decideTwins(groupTwin, away, 1), { kind: 'send', indexes: [2, 3] });
  assert.deepEqual(decideTwins(groupTwin, away.slice(0, 2), 1), { kind: 'end', status: 'finished' });
});

test('whatever the devices do, a group twin sets at most one wave after a failure too many, and ends', () => {
  const outcome = fc.constantFrom('in-sync', 'refused', 'waiting', 'silent');
  fc.assert(
    fc.property(
      fc.array(outcome, { minLength: 1, maxLength: 30 }),
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 0, max: 4 }),
      (outcomes, wave, maxFailures) => {
        const asked = { ...groupTwin, wave, maxFailures };
        const targets = outcomes.map((): Target => target());
        let nowMs = 0;
        for (let round = 0; ; round += 1) {
          assert.ok(round < 200, 'it ends');
          nowMs += 30_000;
          for (const [index, before] of targets.entries()) {
            if (before.status === 'waiting' || isSettled(before)) continue;
            const does = outcomes[index] ?? 'silent';
            targets[index] = followed(before, at(does === 'silent' ? 'pending' : does, 0), 60, nowMs);
          }
          const failed = targets.filter(({ status }) => status === 'failed').length;
          const decision = decideTwins(asked, targets, nowMs);
          if (decision.kind === 'end') {
            const isStopped = decision.status === 'stopped';
            assert.equal(
              isStopped,
              failed > maxFailures && targets.some((each) => each.status === 'waiting' || !isSettled(each)),
            );
            break;
          }
          if (decision.kind !== 'send') continue;
          assert.ok(failed <= maxFailures, 'no wave after a failure too many');
          assert.ok(decision.indexes.length <= wave);
          for (const index of decision.indexes) targets[index] = target('sent');
        }
      },
    ),
  );
});

test('of the group twins that run, one actor has half at most, and another still has room', async () => {
  let lastId = 0;
  const groupTwins = new GroupTwins({
    clock: new ManualClock(),
    log: silentLog,
    store: {
      open: async () => [],
      find: async () => undefined,
      list: async () => [],
      accept: async () => true,
      save: async () => {},
      saveTargets: async () => {},
      prune: async () => {},
    },
    twins: {
      change: async () => 1,
      check: async () => undefined,
      standing: () => at('pending', startMs),
    },
    isAway: () => true,
    newId: () => `t-${(lastId += 1)}`,
    select: async () => ['d-1'],
    groups: async () => [],
  });
  const send = (actor: string) =>
    groupTwins.send({ to: 'all', patch: {} }, { requester: { actor, origin: 'http' } });
  for (let n = 0; n < 100; n += 1) await send('token:greedy');
  await assert.rejects(send('token:greedy'), { code: 'input-invalid' });
  assert.equal((await send('token:other')).repeated, false);
  groupTwins.close();
});

test('a group twin that ends is written once, with the devices that it skips; an end that is not written changes nothing', async () => {
  const writes: string[] = [];
  let fails = true;
  const unused = (): never => assert.fail('not used');
  const open = new OpenGroupTwin(
    { groupTwin, targets: [target('failed'), target('failed'), target(), target()] },
    {
      clock: new ManualClock(),
      log: silentLog,
      store: {
        open: unused,
        find: unused,
        list: unused,
        accept: unused,
        prune: unused,
        saveTargets: async () => {},
        async save({ status }, targets = []) {
          if (fails) throw new Error('the database is away');
          writes.push([status, ...targets.map((each) => `${each.index} ${each.target.status}`)].join(', '));
        },
      },
      twins: { change: unused, standing: () => at('pending') },
      isAway: () => false,
    },
  );
  await open.advance();
  assert.deepEqual(
    [open.groupTwin.status, ...open.targets.map(({ status }) => status)],
    ['running', 'failed', 'failed', 'waiting', 'waiting'],
  );
  fails = false;
  await open.advance();
  assert.deepEqual(writes, ['stopped, 2 skipped, 3 skipped']);
});
