import { updateStates } from '../firmware/update-states.ts';
import { Type, type Static, type TSchema } from 'typebox';
import { presenceReasons, presenceStates } from '../presence-states.ts';
import { choice, list, named, timeMs } from './values.ts';

const presenceState = choice(presenceStates);
const presenceReason = choice(presenceReasons, 'why it is in this state');

const Marks = Type.Object(
  {
    pongMs: Type.Optional(timeMs('when its stack last answered a ping: the link works')),
    frameMs: Type.Optional(timeMs('when its application last sent a frame')),
    dataMs: Type.Optional(timeMs('when its last reading or event arrived')),
  },
  { description: 'its last signs of life; absent: none yet' },
);
export type Marks = Static<typeof Marks>;

const Presence = named(
  'Presence',
  Type.Object({
    state: presenceState,
    reason: presenceReason,
    sinceMs: timeMs('when this state began'),
    epoch: Type.Integer({ description: 'number of the session; rises with each one and never resets' }),
    n: Type.Integer({ description: 'number of this change within the epoch: a consumer drops stale ones' }),
    untilMs: Type.Optional(timeMs('a sleeping device wakes by then, a migrating one comes back then')),
    marks: Marks,
  }),
  {
    state: 'offline',
    reason: 'no-heartbeat',
    sinceMs: 1_795_867_200_000,
    epoch: 4,
    n: 3,
    marks: { pongMs: 1_795_867_199_000, frameMs: 1_795_867_110_000 },
  },
);
export type Presence = Static<typeof Presence>;

const address = Type.String({ description: 'network address of the device' });
const boot = Type.String({ description: "of the device's `hello`" });

function event<const Kind extends string, Properties extends Record<string, TSchema>>(
  kind: Kind,
  properties: Properties,
) {
  return Type.Object({
    kind: Type.Literal(kind),
    ...properties,
    atMs: timeMs('when it happened'),
    times: Type.Optional(Type.Integer({ description: 'in a row, when more than once' })),
    lastMs: Type.Optional(timeMs('when it happened last, when more than once')),
  });
}

const DeviceEvent = named(
  'DeviceEvent',
  Type.Union([
    event('refused', {
      status: Type.Integer({ description: 'HTTP status of the upgrade' }),
      code: Type.String(),
      address,
    }),
    event('connected', { address }),
    event('opened', {
      epoch: Type.Integer(),
      boot,
      firmware: Type.Optional(Type.String()),
      unseenBoots: Type.Optional(
        Type.Integer({ description: 'earlier boots that had never reached the hub and got a time now' }),
      ),
    }),
    event('replaced', { address, boot }),
    event('held', { address, boot }),
    event('throttled', { code: choice(['rate', 'overloaded']) }),
    event('bye', { sleepSec: Type.Optional(Type.Number()) }),
    event('drained', { slotMs: timeMs('when it is asked to come back') }),
    event('closed', {
      by: choice(['hub', 'device', 'link'], 'who began the close; link: nobody did, the connection broke'),
      code: Type.Integer({ description: 'RFC 6455 §7.4' }),
      reason: Type.String(),
    }),
    event('update', {
      rollout: Type.String(),
      version: Type.String(),
      state: choice(updateStates, 'where the update to this version stands'),
      reason: Type.Optional(Type.String({ description: 'why it ended so' })),
    }),
    event('presence', { state: presenceState, reason: presenceReason }),
  ]),
  { kind: 'closed', by: 'link', code: 1006, reason: '', atMs: 1_795_867_199_000 },
);
/** Something that happened between a device and the hub. */
export type DeviceEvent = Static<typeof DeviceEvent>;

type WithoutTimes<Event> = Event extends DeviceEvent
  ? {
      [Name in keyof Event as Exclude<Name, 'atMs' | 'times' | 'lastMs'>]:
        Event[Name] | UndefinedWhereOptional<Event, Name>;
    }
  : never;
type UndefinedWhereOptional<Event, Name extends keyof Event> =
  object extends Pick<Event, Name> ? undefined : never;
/** A device event without its times. */
export type DeviceEventBody = WithoutTimes<DeviceEvent>;

const Stall = Type.Object({
  atMs: timeMs('when it ended'),
  stalledMs: Type.Number({ description: 'how long it was' }),
});
/** A time in which the hub did not read, so no device counts as silent. */
export type Stall = Static<typeof Stall>;

const causes = [
  'none',
  'never-connected',
  'wrong-credential',
  'disabled',
  'turned-away',
  'wrong-device-type',
  'no-hello',
  'protocol-fault',
  'frame-too-big',
  'slow-reader',
  'said-goodbye',
  'asleep',
  'overslept',
  'heartbeat-late',
  'application-hangs',
  'link-silent',
  'connection-broke',
  'closed-by-device',
  'closed-by-hub',
  'cloned-credential',
  'hub-draining',
  'hub-restarted',
  'not-seen-since-enabled',
  'not-seen-since-restart',
  'hub-stalled',
] as const;
/** The reason why a device is not online, one word each; `none`: it is online. */
export type Cause = (typeof causes)[number];

export const DeviceWhy = named(
  'DeviceWhy',
  Type.Object({
    id: Type.String({ description: 'of the device' }),
    cause: choice(causes, 'none: it is online'),
    text: Type.String({ description: 'the cause in plain words, with what to do about it' }),
    presence: Presence,
    events: list(DeviceEvent, { description: 'what happened between the device and the hub, oldest first' }),
    stalls: list(Stall, { description: 'times in which the hub itself was blocked, oldest first' }),
  }),
  {
    id: 'd-1',
    cause: 'application-hangs',
    text: 'Its network stack answers pings, but its application is silent: it hangs. Restart it.',
    presence: Presence.examples[0],
    events: [],
    stalls: [],
  },
);
/** Why a device is not online, and what led to it. */
export type DeviceWhy = Static<typeof DeviceWhy>;
