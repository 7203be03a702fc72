/** What many devices should hold: one change of their twins, in waves. */

import { Type, type Static } from 'typebox';
import { GroupTarget, selector } from '../commands/group-commands.ts';
import { resource } from '../operation.ts';
import { requester } from '../requester.ts';
import { choice, closed, count, jsonObject, limitOf, list, named, nameOf, timeMs } from '../values.ts';

const patch = { intervalSec: 10 };
const summary = {
  id: 't-19',
  to: 'type=env-sensor,site=berlin',
  patch,
  status: 'running',
  final: false,
  actor: 'operator:anna',
  origin: 'http',
  acceptedMs: 1_700_000_000_000,
  wave: 1,
  maxFailures: 1,
  settleSec: 60,
  targets: 2,
  succeeded: 1,
  failed: 0,
  open: 1,
  waiting: 0,
  skipped: 0,
} as const;

const GroupTwinSummary = named(
  'GroupTwinSummary',
  Type.Object({
    id: nameOf('of the group twin'),
    group: Type.Optional(Type.String({ description: 'name of the stored group' })),
    to: Type.String({ description: 'the selector' }),
    patch: jsonObject('JSON Merge Patch (RFC 7396) to what each device should hold'),
    status: choice(['running', 'finished', 'stopped', 'cancelled']),
    final: Type.Boolean({ description: 'no further wave begins' }),
    reason: Type.Optional(Type.String({ description: 'why it ended so' })),
    ...requester,
    acceptedMs: timeMs('when the hub accepted it'),
    endedMs: Type.Optional(timeMs('when it ended')),
    wave: Type.Integer({ minimum: 1, description: 'devices in one wave' }),
    maxFailures: count('it stops when more devices than this failed'),
    settleSec: count('how long a connected device may take to answer, s'),
    targets: count('devices it is for'),
    succeeded: count('in sync'),
    failed: count('refused, or connected and without an answer'),
    open: count('set: the device has not answered yet, or is not connected'),
    waiting: count('not set yet'),
    skipped: count('never set'),
  }),
  summary,
);

export const GroupTwinView = named(
  'GroupTwinView',
  Type.Interface([GroupTwinSummary], {
    devices: list(GroupTarget, { description: 'in the order of their waves' }),
  }),
  {
    ...summary,
    devices: [
      { device: 'd-1', status: 'succeeded' },
      { device: 'd-2', status: 'sent' },
    ],
  },
);
export type GroupTwinView = Static<typeof GroupTwinView>;

const SentGroupTwin = named(
  'SentGroupTwin',
  Type.Interface([GroupTwinView], {
    repeated: Type.Boolean({ description: 'the same request came before; nothing was set again' }),
  }),
  { ...GroupTwinView.examples[0], repeated: false },
);

const GroupTwinPreview = named(
  'GroupTwinPreview',
  Type.Object({ devices: list(Type.String({ description: 'devices that would be set' })) }),
  { devices: ['d-1', 'd-2'] },
);
export type GroupTwinPreview = Static<typeof GroupTwinPreview>;

const maxDevices = 100_000;

const NewGroupTwin = named(
  'NewGroupTwin',
  closed(
    {
      id: Type.Optional(nameOf("the caller's own id: the same request is done once")),
      to: Type.Optional(selector),
      group: Type.Optional(nameOf('of a stored group, in place of `to`')),
      patch: jsonObject('JSON Merge Patch (RFC 7396): null removes a setting'),
      wave: Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: maxDevices,
          description: 'devices in one wave; a tenth of them, at least one, when absent',
        }),
      ),
      maxFailures: Type.Optional(
        Type.Integer({ minimum: 0, maximum: maxDevices, description: '0 when absent' }),
      ),
      settleSec: Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: 86_400,
          description: 'a connected device that has not answered by then has failed; 60 when absent',
        }),
      ),
      dryRun: Type.Optional(Type.Boolean({ description: 'only answer which devices would be set' })),
    },
    { oneOf: [{ required: ['to'] }, { required: ['group'] }] },
  ),
  { to: 'type=env-sensor,site=berlin', patch, wave: 100, maxFailures: 5 },
);
export type NewGroupTwin = Static<typeof NewGroupTwin>;

const ofGroupTwin = Type.Object({ id: nameOf('of the group twin') });

export const groupTwinApi = resource('twins', {
  setGroupTwins: {
    method: 'POST',
    path: '/api/v1/group-twins',
    summary:
      'Change what many devices should hold, in waves; or, with dryRun, answer which devices that would be',
    description:
      'A wave is done when its twins are in sync. Devices that are not connected do not hold it up: their desired state waits for them.',
    needs: 'operator',
    body: NewGroupTwin,
    answers: { 200: Type.Union([SentGroupTwin, GroupTwinPreview]), 202: SentGroupTwin },
    meanings: {
      200: 'The same request came before; or, with dryRun, the devices.',
      202: 'It is on disk, and the first wave is under way.',
    },
    refusals: [
      'group-unknown',
      'device-unknown',
      'type-unknown',
      'twin-unknown',
      'desired-invalid',
      'database-failed',
    ],
  },
  listGroupTwins: {
    method: 'GET',
    path: '/api/v1/group-twins',
    summary: 'Changes for many devices, newest first',
    query: closed({ limit: limitOf(100, 20) }),
    answers: { 200: Type.Object({ groupTwins: list(GroupTwinSummary) }) },
    refusals: ['database-failed'],
  },
  showGroupTwin: {
    method: 'GET',
    path: '/api/v1/group-twins/{id}',
    summary: 'One of them, device by device',
    params: ofGroupTwin,
    answers: { 200: GroupTwinView },
    refusals: ['group-twin-unknown', 'database-failed'],
  },
  cancelGroupTwin: {
    method: 'POST',
    path: '/api/v1/group-twins/{id}/cancel',
    summary: 'No further wave; what is set stays set',
    needs: 'operator',
    params: ofGroupTwin,
    answers: { 200: GroupTwinView },
    refusals: ['group-twin-unknown', 'database-failed'],
  },
});
