/** Groups (stored selectors), and commands for many devices. */

import { Type, type Static } from 'typebox';
import { targetStatuses } from '../../command-status.ts';
import { idempotencyHeader, maxTtlMs } from './commands.ts';
import { resource } from '../operation.ts';
import { FieldError } from '../refusal.ts';
import {
  choice,
  closed,
  count,
  jsonObject,
  judgedLater,
  limitOf,
  list,
  named,
  nameOf,
  nothing,
  timeMs,
} from '../values.ts';

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
    ts: timeMs('when it ended, or the time of this answer'),
    accepted: timeMs('when the hub accepted it'),
    wave: Type.Integer({ minimum: 1, description: 'devices in one wave' }),
    maxFailures: count('it stops when more devices than this failed'),
    targets: count('devices it is for'),
    succeeded: count(),
    failed: count('ended in any other way, or uncertain'),
    open: count('in progress, or queued'),
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
    repeated: Type.Boolean({ description: 'the same request was sent before; nothing was sent again' }),
  }),
  { ...summary, devices: targets, repeated: false },
);
export type SentGroupCommand = Static<typeof SentGroupCommand>;

/** Which devices a group command would go to. Nothing is sent. */
export const GroupPreview = named(
  'GroupPreview',
  Type.Object({
    devices: list(Type.String({ description: 'devices that the caller may send it to' })),
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

export const selector = Type.String({
  minLength: 1,
  maxLength: 2_048,
  description: 'a selector: all, a device id, or key=value,…',
});
const maxDevices = 100_000;

/** How the command is sent to the devices. */
const GroupCommandRequest = named(
  'GroupCommandRequest',
  closed({
    id: Type.Optional(
      nameOf("the caller's own id, also of each device's command; needed for actuate and critical commands"),
    ),
    params: Type.Optional(jsonObject("judged by the command's own schema; absent means {}")),
    ttlMs: Type.Optional(
      Type.Integer({ minimum: 1, maximum: maxTtlMs, description: 'time to live of each command, ms' }),
    ),
    wave: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: maxDevices,
        description: 'devices in one wave; a tenth of the group, at least one, when absent',
      }),
    ),
    maxFailures: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: maxDevices,
        description: 'it stops when more devices than this failed; 0 when absent',
      }),
    ),
    jitterMs: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 86_400_000,
        description: "each device's command waits for its own random time within this, ms",
      }),
    ),
  }),
  { id: 'g-19', params: { percent: 40 }, wave: 1, maxFailures: 1 },
);

const NewGroupCommand = named(
  'NewGroupCommand',
  closed(
    {
      to: Type.Optional(selector),
      group: Type.Optional(nameOf('of a stored group, in place of `to`')),
      name: nameOf('of the command'),
      command: Type.Optional(judgedLater(GroupCommandRequest)),
      dryRun: Type.Optional(Type.Boolean({ description: 'only answer which devices would get it' })),
    },
    { oneOf: [{ required: ['to'] }, { required: ['group'] }] },
  ),
  { group: 'berlin-valves', name: 'open', command: { params: { percent: 40 }, wave: 1 } },
);
export type NewGroupCommand = Static<typeof NewGroupCommand>;

const ofGroup = Type.Object({ name: nameOf('of the group') });
const ofGroupCommand = Type.Object({
  id: Type.String({ minLength: 1, maxLength: 64, description: 'of the group command' }),
});

export const groupApi = resource('groups', {
  listGroups: {
    method: 'GET',
    path: '/api/v1/groups',
    summary: 'All groups',
    answers: { 200: Type.Object({ groups: list(Group) }) },
    refusals: ['database-failed'],
  },
  setGroup: {
    method: 'PUT',
    path: '/api/v1/groups/{name}',
    summary: 'Store a selector under a name',
    params: ofGroup,
    body: named('GroupSelector', closed({ selector }), { selector: group.selector }),
    answers: { 200: Group },
    refusals: ['database-failed'],
  },
  removeGroup: {
    method: 'DELETE',
    path: '/api/v1/groups/{name}',
    summary: 'Remove a group; its devices stay',
    params: ofGroup,
    answers: { 204: nothing },
    refusals: ['group-unknown', 'database-failed'],
  },
  sendGroupCommand: {
    method: 'POST',
    path: '/api/v1/group-commands',
    summary: 'Send a command to many devices, in waves; or, with dryRun, answer which devices that would be',
    needs: 'operator',
    headers: idempotencyHeader,
    body: NewGroupCommand,
    answers: { 200: Type.Union([SentGroupCommand, GroupPreview]), 202: SentGroupCommand },
    meanings: {
      200: 'The same request came before; or, with dryRun, the devices.',
      202: 'It is in the journal, and the first wave is under way.',
    },
    refusals: ['command-refused', 'bus-unavailable', 'database-failed'],
  },
  listGroupCommands: {
    method: 'GET',
    path: '/api/v1/group-commands',
    summary: 'Group commands, newest first',
    query: closed({ limit: limitOf(100, 20) }),
    answers: { 200: Type.Object({ groupCommands: list(GroupCommandSummary) }) },
    refusals: ['database-failed'],
  },
  showGroupCommand: {
    method: 'GET',
    path: '/api/v1/group-commands/{id}',
    summary: 'One group command, device by device',
    params: ofGroupCommand,
    answers: { 200: GroupCommandView },
    refusals: ['group-command-unknown', 'database-failed'],
  },
  cancelGroupCommand: {
    method: 'POST',
    path: '/api/v1/group-commands/{id}/cancel',
    summary: 'Stop a group command: no further wave, and commands that are not sent yet end',
    needs: 'operator',
    params: ofGroupCommand,
    answers: { 200: GroupCommandView },
    refusals: ['group-command-unknown', 'command-refused', 'database-failed'],
  },
});
