import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Command } from '../../../hub/commands/command.ts';
import { CommandStages } from '../../../hub/commands/stages.ts';
import { Ledger } from '../../../hub/telemetry/ledger.ts';
import { CommandRecorder } from '../../../hub/telemetry/recorders/command-recorder.ts';

const accepted: Command = {
  device: 'd-1',
  id: 'c-1',
  name: 'look',
  params: {},
  safety: 'observe',
  offline: 'reject',
  acceptedMs: 1_000,
  deadlineMs: 61_000,
  status: 'accepted',
  changedMs: 1_000,
  cancelRequested: false,
  requester: { actor: 'mqtt', origin: 'mqtt' },
};
const sent: Command = {
  ...accepted,
  status: 'sent',
  changedMs: 1_250,
  sent: { ms: 1_250, boot: 'b', persists: false },
};
const received: Command = { ...sent, status: 'received', changedMs: 1_300, receivedMs: 1_300 };
const succeeded: Command = { ...received, status: 'succeeded', changedMs: 3_300 };
const life = [accepted, sent, received, succeeded];

test('each stage of a command is observed once, in seconds', () => {
  const observed: [string, number][] = [];
  const stages = new CommandStages();
  stages.expose({ observe: ({ stage }, seconds) => void observed.push([stage, seconds]) });
  for (const command of life) stages.commandChanged(command);
  assert.deepEqual(observed, [
    ['queued', 0.25],
    ['delivery', 0.05],
    ['run', 2],
    ['total', 2.3],
  ]);
});

test('a wall clock set back between two stages makes none of them negative', () => {
  const observed: number[] = [];
  const stages = new CommandStages();
  stages.expose({ observe: (_labels, seconds) => void observed.push(seconds) });
  stages.commandChanged({ ...succeeded, changedMs: 500 });
  assert.deepEqual(observed, [0, 0]);
});

test('each step is a line with its stages so far, and two steps of one moment are two points', () => {
  const lines: string[] = [];
  const writer = { addReading: (_owner: unknown, _seq: number, line: string) => lines.push(line) > 0 };
  const record = { type: 'env-sensor@1', site: 'hall' };
  const recorder = new CommandRecorder({
    writer: writer as never,
    ledger: new Ledger(),
    recordOf: (id) => (id === 'd-1' ? (record as never) : undefined),
  });
  for (const command of life) recorder.commandChanged(command);
  recorder.commandChanged({ ...succeeded, id: 'c-2' });
  recorder.commandChanged({ ...succeeded, device: 'removed' });
  const own = 'device="d-1",id="c-1",origin="mqtt"';
  const tags = (status: string): string => `command,name=look,site=hall,status=${status},type=env-sensor`;
  assert.deepEqual(lines, [
    `${tags('accepted')} ${own},totalMs=0 1000000`,
    `${tags('sent')} ${own},queuedMs=250,totalMs=250 1250000`,
    `${tags('received')} ${own},queuedMs=250,deliveryMs=50,totalMs=300 1300000`,
    `${tags('succeeded')} ${own},queuedMs=250,deliveryMs=50,runMs=2000,totalMs=2300 3300000`,
    `${tags('succeeded')} device="d-1",id="c-2",origin="mqtt",queuedMs=250,deliveryMs=50,runMs=2000,totalMs=2300 3300001`,
  ]);
});
