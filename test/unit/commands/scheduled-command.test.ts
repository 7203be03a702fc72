import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GroupCommand, GroupCommandStatus, Target } from '../../../hub/commands/group/group-command.ts';
import {
  checkScheduled,
  scheduledReport,
  sendScheduled,
} from '../../../hub/commands/group/scheduled-command.ts';
import { refusalReasons, type RefusalReason } from '../../../schemas/api/error-codes.ts';
import type { TargetStatus } from '../../../schemas/command-status.ts';
import { compileDeviceType, type DeviceType } from '../../../schemas/index.ts';

function testType(name: string, commands: Record<string, object>): DeviceType {
  const definition = {
    name,
    version: 1,
    streams: {},
    commands: Object.fromEntries(
      Object.entries(commands).map(([command, params]) => [
        command,
        {
          params: { type: 'object', additionalProperties: false, ...params },
          safety: 'observe',
          offline: 'reject',
          ttlSec: 60,
        },
      ]),
    ),
    presence: { heartbeatSec: 30 },
  };
  return compileDeviceType(definition, `${name}@1.json`);
}

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

test('while no device matches, a command must be one of a device type, with params that one of them takes', async () => {
  const types = [
    testType('a', { open: { properties: { percent: { type: 'number', maximum: 100 } } } }),
    testType('b', { open: { properties: { angle: { type: 'number' } }, required: ['angle'] }, close: {} }),
  ];
  const groupCommands = { refusals: () => Promise.resolve({ devices: [], refused: [] }) };
  const check = (name: string, params: Record<string, unknown> = {}): Promise<number> =>
    checkScheduled(
      { groupCommands, registry: { get: () => undefined }, types: () => types },
      { to: 'type=mistyped', name, params },
    );
  assert.equal(await check('open', { percent: 40 }), 0);
  assert.equal(await check('open', { angle: 1 }), 0);
  assert.equal(await check('close'), 0);
  for (const name of ['opne', 'constructor', '__proto__', 'toString'])
    await assert.rejects(check(name), /command-refused|no device type has the command/, name);
  await assert.rejects(
    check('open', { percent: 400 }),
    /no device matches type=mistyped now, and no device type takes open with these params: \/percent must be <= 100/,
  );
});

test('a scheduled run has reached the devices that something was sent to, and says why it did not reach the others', () => {
  const target = (status: TargetStatus, reason?: string): Target => ({ device: 'd', status, reason });
  const reportOf = (status: GroupCommandStatus, targets: Target[]) =>
    scheduledReport({ groupCommand: { status } as GroupCommand, targets });
  assert.deepEqual(reportOf('running', [target('waiting'), target('queued')]), {
    reached: 0,
    over: false,
    reason: '1 waiting, 1 queued',
  });
  const rejected = target('rejected', 'offline');
  assert.deepEqual(reportOf('finished', [rejected, rejected, target('expired')]), {
    reached: 0,
    over: true,
    reason: '2 rejected (offline), 1 expired',
  });
  for (const status of ['sent', 'received', 'running', 'uncertain', 'succeeded', 'failed', 'lost'] as const)
    assert.equal(reportOf('running', [target(status)]).reached, 1, status);
});
