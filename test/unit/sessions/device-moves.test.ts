import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DeviceMoves, type DeviceMovesDeps } from '../../../hub/sessions/device-moves.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { silentLog } from '../../helpers/silent-log.ts';

test('what other hubs have changed is read now and then, until the hub has closed', () => {
  const clock = new ManualClock();
  const seen = { news: 0, compared: 0 };
  const deps = {
    clock,
    log: silentLog,
    registry: {
      readNews: () => {
        seen.news += 1;
        return Promise.resolve();
      },
    },
    presence: {
      compare: () => {
        seen.compared += 1;
        return Promise.resolve([]);
      },
    },
    commands: { compare: () => Promise.resolve() },
  };
  const moves = new DeviceMoves(deps as unknown as DeviceMovesDeps);
  moves.start();
  clock.advance(10_000);
  assert.deepEqual(seen, { news: 10, compared: 1 });
  moves.close();
  clock.advance(60_000);
  assert.deepEqual(seen, { news: 10, compared: 1 });
});

/** Moves of the devices of a hub whose parts say what is asked of them. */
function movesOf({ epoch = 1, unwatched = [] as string[][] } = {}) {
  const done: string[] = [];
  const deps = {
    clock: new ManualClock(),
    log: silentLog,
    registry: { get: (id: string) => ({ id, epoch }) },
    catalog: { get: () => undefined },
    presence: {
      get: () => ({ epoch: 1, state: 'unknown' }),
      isOurs: (id: string) => id !== 'd-9',
      heardOf: (id: string, { state }: { state: string }) => void done.push(`${id} is ${state}`),
      handOver: (device: string) => void done.push(`${device} is handed over`),
      compare: () => Promise.resolve(unwatched.shift() ?? []),
      adopt: (devices: readonly { id: string }[]) => {
        done.push(`${devices.map(({ id }) => id).join(' ')} watched`);
        return Promise.resolve();
      },
    },
    announcer: {
      letGo: () => Promise.resolve(),
      repeat: (states: readonly (readonly [string, { state: string }])[]) => {
        for (const [id, { state }] of states) done.push(`${id} published: ${state}`);
      },
    },
    away: (ids: readonly string[]) =>
      Promise.resolve(ids.map((deviceId) => ({ deviceId, state: 'offline', n: 3 }))),
    commands: {
      movedAway: (device: string) => void done.push(`commands of ${device} let go`),
      adopted: (devices: readonly string[]) => {
        done.push(`commands of ${devices.join(' ')} taken up`);
        return Promise.resolve();
      },
      compare: () => Promise.resolve(),
    },
    owned: () => Promise.resolve(new Map<string, number>()),
    write: () => undefined,
  };
  return { moves: new DeviceMoves(deps as unknown as DeviceMovesDeps), done };
}

test('a hint that another hub has taken a device is too late when a newer session of it opens here', async () => {
  const opening = movesOf({ epoch: 10 });
  await opening.moves.taken('hub-2', { device: 'd-1', epoch: 9 });
  assert.deepEqual(opening.done, []);
  await opening.moves.taken('hub-2', { device: 'd-1', epoch: 11 });
  assert.deepEqual(opening.done, ['commands of d-1 let go', 'd-1 is handed over']);
});

test('a device that is ours and that nobody watches is taken up when it is found a second time', async () => {
  const { moves, done } = movesOf({ unwatched: [['d-1', 'd-2'], ['d-2'], ['d-3'], []] });
  for (let times = 0; times < 4; times += 1) await moves.compare();
  assert.deepEqual(done, ['d-2 watched', 'commands of d-2 taken up', 'd-2 published: unknown']);
});

test('what a killed hub had saved of a device that is away is published by the hub that finds it, unless the device is here by now', async () => {
  const { moves, done } = movesOf();
  await moves.left(['d-9', 'd-1']);
  assert.deepEqual(done, ['d-9 is offline', 'd-9 published: offline', 'd-1 is offline']);
});
