/** Groups (stored selectors), and commands for many devices. */

import { Type, type Static } from 'typebox';
import { targetStatuses } from '../command-status.ts';
import { FieldError } from './refusal.ts';
import { choice, count, jsonObject, list, named, nameOf, timeMs } from './values.ts';

const group = { name: 'berlin-valves', selector: 'type=smart-valve,site=berlin' };
const targets = [
  { device: 'valve-1', status: 'succeeded' },
  { device: 'valve-2', status: 'rejected', reason: 'offline' },
] as const;
const summary = {
  id: 'g-19',
  group: 'berlin-valves',
  to: group.selector,
  name: 'open',
  params: { percent: 40 },
  status: 'finished',
  final: true,
  ts: 1_700_000_004_000,
  accepted: 1_700_000_000_000,
  wave: 1,
  maxFailures: 1,
  targets: 2,
  succeeded: 1,
  failed: 1,
  open: 0,
  waiting: 0,
  skipped: 0,
} as const;

export const Group = named(
  'Group',
  Type.Object({
    name: nameOf('of the group'),
    selector: Type.String({ description: 'all, a device id, or key=value,…' }),
  }),
  group,
);
export type Group = Static<typeof Group>;

export const GroupTarget = named(
  'GroupTarget',
  Type.Object({
    device: nameOf('device id'),
    status: choice(
      targetStatuses,
      "of the device's own command; `waiting`: not sent yet; `skipped`: never sent",
    ),
    reason: Type.Optional(Type.String()),
  }),
  targets[0],
);
export type GroupTarget = Static<typeof GroupTarget>;

export const GroupCommandSummary = named(
  'GroupCommandSummary',
  Type.Object({
    id: nameOf('of the group command, and of the command of each device'),
    group: Type.String({ description: 'name of the stored group; `-`: a selector was given' }),
    to: Type.String({ description: 'the selector' }),
    name: nameOf('of the command'),
    params: jsonObject('of the command'),
    status: choice(['running', 'finished', 'stopped', 'expired', 'cancelled']),
    final: Type.Boolean({ description: 'no further wave begins' }),
    reason: Type.Optional(Type.String({ description: 'why it ended so' })),
    ts: timeMs('when it ended, or when this answer was made'),
    accepted: timeMs('when the hub accepted it'),
    wave: Type.Integer({ minimum: 1, description: 'devices in one wave' }),
    maxFailures: count('it stops when more devices than this failed'),
    targets: count('devices it is for'),
    succeeded: count(),
    failed: count('ended otherwise, or uncertain'),
    open: count('under way, or queued'),
    waiting: count('not sent yet'),
    skipped: count('never sent'),
  }),
  summary,
);
export type GroupCommandSummary = Static<typeof GroupCommandSummary>;

export const GroupCommandView = named(
  'GroupCommandView',
  Type.Interface([GroupCommandSummary], {
    devices: list(GroupTarget, { description: 'in the order of their waves' }),
  }),
  { ...summary, devices: targets },
);
export type GroupCommandView = Static<typeof GroupCommandView>;

export const SentGroupCommand = named(
  'SentGroupCommand',
  Type.Interface([GroupCommandView], {
    repeated: Type.Boolean({ description: 'the same request came before; nothing was sent again' }),
  }),
  { ...summary, devices: targets, repeated: false },
);
export type SentGroupCommand = Static<typeof SentGroupCommand>;

/** Which devices a group command would go to. Nothing is sent. */
export const GroupPreview = named(
  'GroupPreview',
  Type.Object({
    devices: list(Type.String()),
    refusal: Type.Optional(
      Type.Object(
        { reason: Type.String(), errors: Type.Optional(list(FieldError)) },
        { description: 'why it would be refused' },
      ),
    ),
  }),
  { devices: ['valve-1', 'valve-2'] },
);
export type GroupPreview = Static<typeof GroupPreview>;
