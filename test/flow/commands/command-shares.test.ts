import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { CommandRequest } from '../../../hub/commands/command-request.ts';
import type { Command } from '../../../hub/commands/command.ts';
import { CommandAudit } from '../../../hub/commands/command-audit.ts';
import { newCommandCounters } from '../../../hub/commands/command-counters.ts';
import type { GroupCommandJournal } from '../../../hub/commands/group/group-command-journal.ts';
import { createGroupOperations } from '../../../hub/commands/group/group-operations.ts';
import { GroupCommands, type GroupCommandsDeps } from '../../../hub/commands/group/group-commands.ts';
import { OpenGroupCommands } from '../../../hub/commands/group/open-group-commands.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { log, startCommandHub, valve, type CommandHub } from '../../helpers/hubs/dispatcher.ts';

async function hubWith(t: TestContext, options: Parameters<typeof startCommandHub>[1]): Promise<CommandHub> {
  const hub = await startCommandHub(new ManualClock(), options);
  t.after(() => hub.close());
  return hub;
}

const emptyJournal: GroupCommandJournal = {
  accept: () => Promise.resolve(true),
  save: () => Promise.resolve(true),
  saveTargets: () => Promise.resolve(),
  open: () => Promise.resolve([]),
  find: () => Promise.resolve(undefined),
  list: () => Promise.resolve([]),
  prune: () => Promise.resolve(),
  unanswered: () => Promise.resolve([]),
  answered: () => Promise.resolve(),
  groups: () => Promise.resolve([]),
  setGroup: () => Promise.resolve(),
  removeGroup: () => Promise.resolve(false),
};

const silentAudit = new CommandAudit(
  { record: () => Promise.resolve(), noted: () => undefined },
  newCommandCounters(),
);

/** Group commands over a journal that keeps nothing. */
function groupCommandsOf(
  clock: ManualClock,
  open: OpenGroupCommands,
  fleet: string[],
  dispatcher: GroupCommandsDeps['dispatcher'],
): GroupCommands {
  return new GroupCommands({
    clock,
    log,
    random: Math.random,
    journal: emptyJournal,
    select: () => Promise.resolve(fleet),
    open,
    followers: [],
    audit: silentAudit,
    dispatcher,
  });
}

/** Group commands whose device never takes one, so that all of them stay open. */
async function idleGroupCommands(t: TestContext): Promise<GroupCommands> {
  const groupCommands = groupCommandsOf(new ManualClock(), new OpenGroupCommands(), ['d-1'], {
    check: () => undefined,
    connected: () => true,
    cancel: () => Promise.resolve(undefined),
    find: () => Promise.resolve(undefined),
    submit: () => Promise.resolve({ kind: 'refused', refusal: { reason: 'unavailable' } }),
  });
  await groupCommands.start();
  t.after(() => groupCommands.close());
  return groupCommands;
}

test('one requester cannot take the room of others: each has as much as is still free', async (t) => {
  const hub = await hubWith(t, { maxOpenPerDevice: 4, maxOpen: 8 });
  for (let n = 1; n <= 8; n += 1) hub.devices.set(`d-${n}`, valve);
  const asks = async (actor: string, device: string, ofGroup?: true): Promise<string> => {
    const requester = { actor, origin: 'http' } as const;
    const request = { device, name: 'queued', params: { percent: 1 } };
    return (await hub.dispatcher.submit(request, { requester, ofGroup })).kind;
  };
  const taken = async (actor: string, devices: readonly string[], ofGroup?: true): Promise<number> => {
    let count = 0;
    for (const device of devices) if ((await asks(actor, device, ofGroup)) === 'accepted') count += 1;
    return count;
  };
  const everywhere = Array.from({ length: 40 }, (_, n) => `d-${(n % 8) + 1}`);
  assert.equal(await taken('token:greedy', everywhere, true), 8, 'half of the room, and no more');
  assert.equal(
    await taken('token:greedy', everywhere),
    4,
    'what it asks for itself has room beside its group command',
  );
  assert.equal(await taken('operator:anna', everywhere), 2);
  assert.equal(await taken('operator:bob', everywhere), 1);
});

test('what a group command sent has its own room after a restart too', async (t) => {
  const hub = await hubWith(t, { maxOpenPerDevice: 4 });
  const asks = async (ofGroup?: true): Promise<string> => {
    const request = { device: 'd-1', name: 'queued', params: { percent: 1 } };
    const requester = { actor: 'token:greedy', origin: 'http' } as const;
    return (await hub.dispatcher.submit(request, { requester, ofGroup })).kind;
  };
  for (let n = 0; n < 4; n += 1) assert.equal(await asks(true), 'accepted');
  await hub.restart();
  assert.equal(await asks(true), 'refused');
  assert.equal(await asks(), 'accepted');
});

test('the commands of one device are shared too', async (t) => {
  const hub = await hubWith(t, { maxOpenPerDevice: 4 });
  const asks = async (actor: string): Promise<string> => {
    const request = { device: 'd-1', name: 'queued', params: { percent: 1 } };
    return (await hub.dispatcher.submit(request, { requester: { actor, origin: 'http' } })).kind;
  };
  const kinds: string[] = [];
  for (let n = 0; n < 10; n += 1) kinds.push(await asks('token:greedy'));
  assert.equal(kinds.filter((kind) => kind === 'accepted').length, 4);
  assert.equal(await asks('operator:anna'), 'accepted');
});

test('commands that arrive together leave room for another requester', async (t) => {
  const hub = await hubWith(t, { maxOpenPerDevice: 4 });
  const asks = async (actor: string): Promise<string> => {
    const request = { device: 'd-1', name: 'queued', params: { percent: 1 } };
    return (await hub.dispatcher.submit(request, { requester: { actor, origin: 'http' } })).kind;
  };
  const actors = [...Array.from({ length: 10 }, () => 'token:greedy'), 'operator:anna'];
  const kinds = await Promise.all(actors.map(asks));
  assert.equal(kinds.filter((kind) => kind === 'accepted').length, 5);
  assert.equal(kinds.at(-1), 'accepted');
});

test('the same group command that comes twice at once is one, and its repetition', async (t) => {
  const groupCommands = await idleGroupCommands(t);
  const request = { to: 'all', name: 'look', id: 'g-1', params: {}, pace: {} };
  const requester = { actor: 'token:ci', origin: 'http' } as const;
  const sent = await Promise.all([1, 2, 3].map(() => groupCommands.send(request, { requester })));
  assert.deepEqual(
    sent.map(({ kind }) => kind),
    ['accepted', 'repeated', 'repeated'],
  );
});

test('stored groups are bounded, and one that is there can still be changed', async (t) => {
  const stored = Array.from({ length: 1_000 }, (_, n) => ({ name: `g-${n}`, selector: 'all' }));
  const operations = createGroupOperations({
    groupCommands: await idleGroupCommands(t),
    audit: silentAudit,
    journal: { ...emptyJournal, groups: () => Promise.resolve(stored) },
    now: () => 0,
    select: () => Promise.resolve([]),
  });
  await assert.rejects(operations.setGroup({ name: 'more', selector: 'all' }), /at most 1000 stored groups/);
  await operations.setGroup({ name: 'g-1', selector: 'site=hall' });
});

test('group commands that arrive together leave room for another requester, and none begins in a hub that stops', async (t) => {
  const groupCommands = await idleGroupCommands(t);
  const asks = async (actor: string): Promise<string> => {
    const request = { to: 'all', name: 'look', params: {}, pace: {} };
    return (await groupCommands.send(request, { requester: { actor, origin: 'http' } })).kind;
  };
  const actors = [...Array.from({ length: 300 }, () => 'token:greedy'), 'operator:anna'];
  const kinds = await Promise.all(actors.map(asks));
  assert.equal(kinds.filter((kind) => kind === 'accepted').length, 101);
  assert.equal(kinds.at(-1), 'accepted');
  groupCommands.close();
  await assert.rejects(asks('operator:anna'), { code: 'bus-unavailable' });
});

test('a group command to more devices than there is room for reaches those that are there, and ends', async (t) => {
  const fleet = Array.from({ length: 40 }, (_, n) => `d-${n}`);
  /** The first thirty are away. */
  const connected = new Set(fleet.slice(30));
  const room = 5;
  const held = new Map<string, Command>();
  const sent: string[] = [];
  const clock = new ManualClock();
  const open = new OpenGroupCommands();
  const settle = (device: string, status: Command['status']): void => {
    const command = held.get(device);
    assert.ok(command);
    held.delete(device);
    open.commandChanged({ ...command, status });
  };
  const groupCommands = groupCommandsOf(clock, open, fleet, {
    check: () => undefined,
    connected: (device) => connected.has(device),
    cancel: () => Promise.resolve(undefined),
    find: () => Promise.resolve(undefined),
    submit({ device, name, params, id = '' }: CommandRequest) {
      if (held.size >= room) return Promise.resolve({ kind: 'refused', refusal: { reason: 'too-many' } });
      sent.push(device);
      const command: Command = {
        device,
        name,
        params,
        id,
        safety: 'observe',
        offline: 'queue',
        acceptedMs: 0,
        deadlineMs: 1,
        status: connected.has(device) ? 'sent' : 'queued',
        changedMs: 0,
        cancelRequested: false,
      };
      held.set(device, command);
      return Promise.resolve({ kind: 'accepted', command });
    },
  });
  await groupCommands.start();
  t.after(() => groupCommands.close());
  const request = { to: 'all', name: 'look', id: 'g-1', params: {}, ttlMs: 60_000, pace: { wave: 40 } };
  await groupCommands.send(request, { requester: { actor: 'local', origin: 'cli' } });
  await clock.advanceAsync(1_000);
  assert.deepEqual([...held.keys()], fleet.slice(0, 5), 'those that are away have all the room');
  settle('d-0', 'succeeded');
  for (let n = 0; n < 10; n += 1) {
    await clock.advanceAsync(1_000);
    for (const device of held.keys()) if (connected.has(device)) settle(device, 'succeeded');
  }
  assert.deepEqual(sent.filter((device) => connected.has(device)).toSorted(), [...connected].toSorted());
  await clock.advanceAsync(60_000);
  const record = await groupCommands.find('g-1');
  const waiting = record?.targets.filter(({ status }) => status === 'waiting') ?? [];
  assert.deepEqual(waiting, [], 'whoever was away until its time was over is expired');
});
