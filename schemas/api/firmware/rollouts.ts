/** Rollouts: one firmware for many devices, in waves. */

import { Type, type Static } from 'typebox';
import { rolloutStatuses, troubleKinds, updateStates, updateWords } from '../../firmware/update-states.ts';
import { selector } from '../commands/group-commands.ts';
import { ofDevice } from '../devices.ts';
import { resource } from '../operation.ts';
import { requester } from '../requester.ts';
import { choice, closed, count, cursor, limitOf, list, named, nameOf, nullable, timeMs } from '../values.ts';
import { firmwareType, firmwareVersion } from './firmware.ts';

const timeOfDay = (description: string) =>
  Type.String({ pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$', maxLength: 5, description });

const DayWindow = named(
  'DayWindow',
  closed({
    from: timeOfDay('updates begin from this minute on'),
    to: timeOfDay('and no longer at this one; before `from`: over midnight'),
    zone: Type.String({ minLength: 1, maxLength: 64, description: 'IANA name of the time zone' }),
  }),
  { from: '22:00', to: '05:00', zone: 'Europe/Berlin' },
);

export type DayWindow = Static<typeof DayWindow>;

const TroubledDevice = Type.Object({
  device: Type.String(),
  kinds: list(choice(troubleKinds), { description: 'what a healthy device does not do' }),
});

export const RolloutLook = named(
  'RolloutLook',
  Type.Object({
    wave: Type.Integer({ minimum: 1, description: 'after which wave' }),
    atMs: timeMs('when the hub looked'),
    updated: count('devices of the wave that ran the version'),
    updatedTroubled: count('of them, those that were not well within their soak time'),
    control: count('devices not updated yet that were there at the same time'),
    controlTroubled: count('of them, those that were not well at the same time'),
    p: Type.Number({
      description:
        "the probability that chance alone explains the difference, over all looks so far: Fisher's exact test, one-sided",
    }),
    level: Type.Number({ description: 'the rollout stops below it, with three troubled devices or more' }),
    stops: Type.Boolean(),
    devices: list(TroubledDevice, { description: 'the troubled ones, at most 50' }),
  }),
  {
    wave: 2,
    atMs: 1_700_000_600_000,
    updated: 12,
    updatedTroubled: 5,
    control: 285,
    controlTroubled: 1,
    p: 0.000_002,
    level: 0.0025,
    stops: true,
    devices: [{ device: 'd-7', kinds: ['rebooted'] }],
  },
);
export type RolloutLook = Static<typeof RolloutLook>;

const summary = {
  id: 'env-1-5-0',
  type: 'env-sensor',
  version: '1.5.0',
  to: 'type=env-sensor',
  status: 'running',
  actor: 'operator:anna',
  origin: 'http',
  acceptedMs: 1_700_000_000_000,
  wave: 1,
  waves: [3, 15, 45, 150, 300],
  maxFailures: 0,
  deadlineSec: 86_400,
  soakSec: 300,
  targets: 300,
  failures: 0,
  states: { pending: 297, soaking: 3 },
} as const;

export const RolloutSummary = named(
  'RolloutSummary',
  Type.Object({
    id: nameOf('of the rollout'),
    type: firmwareType(),
    version: firmwareVersion(),
    to: Type.String({ description: 'the selector' }),
    group: Type.Optional(Type.String({ description: 'name of the stored group' })),
    status: choice(rolloutStatuses),
    reason: Type.Optional(Type.String({ description: 'why it ended so' })),
    ...requester,
    acceptedMs: timeMs('when the hub accepted it'),
    endedMs: Type.Optional(timeMs('when its last wave had begun, or it was stopped')),
    wave: count('waves that have begun'),
    waves: list(count(), { description: 'devices that are updated after each wave' }),
    maxFailures: count('it stops when more devices than this failed'),
    deadlineSec: count('how long a device may take until it runs the version, s'),
    soakSec: count('how long a device must stay well with it, s'),
    window: Type.Optional(DayWindow),
    targets: count('devices it is for, with those that are skipped'),
    failures: count('failed, rolled-back, rejected, or timed-out although connected'),
    states: Type.Partial(Type.Object(statesOf()), { description: 'devices in each state' }),
  }),
  summary,
);
export type RolloutSummary = Static<typeof RolloutSummary>;

function statesOf() {
  return Object.fromEntries(updateStates.map((state) => [state, count()])) as Record<
    (typeof updateStates)[number],
    ReturnType<typeof count>
  >;
}

export const RolloutView = named(
  'RolloutView',
  Type.Interface([RolloutSummary], {
    byWave: list(Type.Partial(Type.Object(statesOf())), {
      description: 'devices in each state, one entry a wave; without the skipped ones',
    }),
    looks: list(RolloutLook, { description: 'whether the updated devices did worse, after each wave' }),
  }),
  { ...summary, byWave: [{ soaking: 3 }, { pending: 12 }, { pending: 30 }], looks: [] },
);
export type RolloutView = Static<typeof RolloutView>;

const StartedRollout = named(
  'StartedRollout',
  Type.Interface([RolloutView], {
    repeated: Type.Boolean({ description: 'the same request came before; nothing was begun again' }),
  }),
  { ...RolloutView.examples[0], repeated: false },
);

export const RolloutDevice = named(
  'RolloutDevice',
  Type.Object({
    device: Type.String(),
    wave: count('from 1; 0: it is skipped'),
    state: choice(updateStates),
    sinceMs: timeMs('since when'),
    reason: Type.Optional(Type.String({ description: 'why it ended so' })),
    firmware: Type.Optional(Type.String({ description: 'of its newest hello' })),
    said: Type.Optional(choice(updateWords, 'what the device said last; success is not believed')),
    percent: Type.Optional(Type.Number({ description: 'how far it said to be' })),
    error: Type.Optional(Type.String({ description: 'as the device said it' })),
    troubles: list(Type.Object({ kind: choice(troubleKinds), atMs: timeMs('when') }), {
      description: 'the newest times when it was not well',
    }),
  }),
  { device: 'd-7', wave: 1, state: 'soaking', sinceMs: 1_700_000_060_000, firmware: '1.5.0', troubles: [] },
);
export type RolloutDevice = Static<typeof RolloutDevice>;

const DeviceUpdate = named(
  'DeviceUpdate',
  Type.Interface([RolloutDevice], {
    rollout: nameOf('of the rollout'),
    type: firmwareType(),
    version: firmwareVersion(),
    status: choice(rolloutStatuses, 'of the rollout'),
  }),
  {
    ...RolloutDevice.examples[0],
    rollout: 'env-1-5-0',
    type: 'env-sensor',
    version: '1.5.0',
    status: 'running',
  },
);
export type DeviceUpdate = Static<typeof DeviceUpdate>;

const RolloutDevicePage = named(
  'RolloutDevicePage',
  Type.Object({
    devices: list(RolloutDevice),
    next: nullable(cursor('`after` of the next page; null after the last')),
  }),
  { devices: RolloutDevice.examples, next: null },
);

const RolloutPreview = named(
  'RolloutPreview',
  Type.Object({
    waves: list(count(), { description: 'devices that are updated after each wave' }),
    devices: list(RolloutDevice, { description: 'in the order of their waves; the skipped ones last' }),
  }),
  { waves: [1], devices: [{ ...RolloutDevice.examples[0], state: 'pending' }] },
);
export type RolloutPreview = Static<typeof RolloutPreview>;

const maxDevices = 100_000;

const NewRollout = named(
  'NewRollout',
  closed(
    {
      id: Type.Optional(nameOf("the caller's own id: the same request is done once")),
      type: firmwareType(),
      version: firmwareVersion(),
      to: Type.Optional(selector),
      group: Type.Optional(nameOf('of a stored group, in place of `to`')),
      waves: Type.Optional(
        list(Type.String({ pattern: '^[0-9]{1,9}(\\.[0-9]{1,3})?%?$', maxLength: 14 }), {
          minItems: 1,
          maxItems: 20,
          description:
            'how many devices are updated after each wave, as counts and shares; 1%, 5%, 15%, 50%, 100% when absent. The last wave is all of them.',
        }),
      ),
      maxFailures: Type.Optional(
        Type.Integer({
          minimum: 0,
          maximum: maxDevices,
          description: 'it stops at more failures; 0 when absent',
        }),
      ),
      deadlineSec: Type.Optional(
        Type.Integer({
          minimum: 10,
          maximum: 2_592_000,
          description: 'how long a device may take until it runs the version; 86400 when absent',
        }),
      ),
      soakSec: Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: 604_800,
          description: 'how long a device must stay well with it; 300 when absent',
        }),
      ),
      window: Type.Optional(DayWindow),
      dryRun: Type.Optional(Type.Boolean({ description: 'only answer which devices would be updated when' })),
    },
    { oneOf: [{ required: ['to'] }, { required: ['group'] }] },
  ),
  { type: 'env-sensor', version: '1.5.0', to: 'type=env-sensor', waves: ['1', '5%', '25%', '100%'] },
);
export type NewRollout = Static<typeof NewRollout>;

const ofRollout = Type.Object({ id: nameOf('of the rollout') });
const change = <const Path extends `/${string}`>(summaryText: string, path: Path) =>
  ({
    method: 'POST',
    path,
    summary: summaryText,
    needs: 'operator',
    params: ofRollout,
    answers: { 200: RolloutView },
    refusals: ['rollout-unknown', 'rollout-conflict', 'database-failed'],
  }) as const;

export const rolloutApi = resource('firmware', {
  startRollout: {
    method: 'POST',
    path: '/api/v1/rollouts',
    summary:
      'Bring many devices to a firmware, in waves; or, with dryRun, answer which devices that would be',
    description:
      'Success is a fact: a device runs the version after a reboot, and stays well for the soak time. After each wave the hub compares the updated devices with those that are not updated yet, and stops when they do worse.',
    needs: 'operator',
    body: NewRollout,
    answers: { 200: Type.Union([StartedRollout, RolloutPreview]), 202: StartedRollout },
    meanings: {
      200: 'The same request came before; or, with dryRun, the devices.',
      202: 'It is on disk, and the first wave begins.',
    },
    refusals: [
      'group-unknown',
      'firmware-unknown',
      'firmware-damaged',
      'rollout-exists',
      'rollout-conflict',
      'database-failed',
    ],
  },
  listRollouts: {
    method: 'GET',
    path: '/api/v1/rollouts',
    summary: 'Rollouts, newest first',
    query: closed({ limit: limitOf(100, 20) }),
    answers: { 200: Type.Object({ rollouts: list(RolloutSummary) }) },
    refusals: ['database-failed'],
  },
  showRollout: {
    method: 'GET',
    path: '/api/v1/rollouts/{id}',
    summary: 'One rollout, with its waves and looks',
    params: ofRollout,
    answers: { 200: RolloutView },
    refusals: ['rollout-unknown', 'database-failed'],
  },
  listRolloutDevices: {
    method: 'GET',
    path: '/api/v1/rollouts/{id}/devices',
    summary: 'The devices of a rollout, in the order of their waves',
    params: ofRollout,
    query: closed({
      state: Type.Optional(choice(updateStates, 'only in this state')),
      after: Type.Optional(cursor('the `next` of the page before')),
      limit: limitOf(1_000, 100),
    }),
    answers: {
      200: RolloutDevicePage,
    },
    refusals: ['rollout-unknown', 'database-failed'],
  },
  listDeviceUpdates: {
    method: 'GET',
    path: '/api/v1/devices/{id}/updates',
    summary: 'The firmware updates of a device, by rollouts that are kept, newest first',
    params: ofDevice,
    query: closed({ limit: limitOf(100, 20) }),
    answers: { 200: Type.Object({ updates: list(DeviceUpdate) }) },
    refusals: ['device-unknown', 'database-failed'],
  },
  pauseRollout: change('No update begins until it is resumed', '/api/v1/rollouts/{id}/pause'),
  resumeRollout: change('Go on with a paused rollout', '/api/v1/rollouts/{id}/resume'),
  cancelRollout: change(
    'No update begins any more; what is being applied goes on',
    '/api/v1/rollouts/{id}/cancel',
  ),
});
