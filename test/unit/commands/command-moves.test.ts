import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CommandMoves, type CommandMovesDeps } from '../../../hub/commands/command-moves.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { silentLog } from '../../helpers/silent-log.ts';

const record = (device: string, id: string, moves = 0) => ({ command: { device, id }, moves });

test('a command that is ours by the journal and known to nobody is taken up when it is found a second time', async () => {
  const inJournal = [
    [
      record('d-1', 'ending'),
      record('d-1', 'known'),
      record('d-1', 'arriving'),
      record('d-1', 'missed'),
      record('d-2', 'moved'),
    ],
    [record('d-1', 'known'), record('d-1', 'arriving'), record('d-1', 'missed'), record('d-2', 'moved', 1)],
    [],
  ];
  const known = new Map([['d-1', { commands: new Map([['known', {}]]) }]]);
  const taken: string[] = [];
  let mayAct = true;
  const deps = {
    clock: new ManualClock(),
    log: silentLog,
    journal: { open: () => Promise.resolve(inJournal.shift() ?? []) },
    shared: { mayAct: () => mayAct },
    commands: {
      get: (device: string) => known.get(device),
      take: ({ command }: ReturnType<typeof record>) => void taken.push(command.id),
    },
    isArriving: (_device: string, id: string) => id === 'arriving',
  };
  const moves = new CommandMoves(deps as unknown as CommandMovesDeps);
  await moves.compare();
  assert.deepEqual(taken, [], 'it may just have ended');
  await moves.compare();
  assert.deepEqual(taken, ['missed']);
  mayAct = false;
  await moves.compare();
  assert.equal(inJournal.length, 1, 'a hub that may not act does not look');
});
