/** The live feed: the messages of both directions on the WebSocket of `GET /api/v1/live`. */

import { Type, type Static } from 'typebox';
import { presenceStates } from '../presence-states.ts';
import { AlarmView } from './alarms.ts';
import { CommandView } from './commands/commands.ts';
import { DeviceDetails, DeviceSummary } from './devices.ts';
import { framesOfDevice } from './frames/frames.ts';
import { GroupCommandView } from './commands/group-commands.ts';
import { HubSnapshot } from './hub.ts';
import { Incident } from './incidents.ts';
import { namePattern } from '../limits.ts';
import { FieldValue } from './telemetry/readings.ts';
import { resource } from './operation.ts';
import { NackRow } from './telemetry/rejects.ts';
import { count, list, mapOf, named, nameOf, timeMs } from './values.ts';

/** Topics of one socket. */
export const maxTopics = 20;

export const LiveTopic = named(
  'LiveTopic',
  Type.Unsafe<
    'fleet' | 'hub' | 'commands' | 'incidents' | 'alarms' | 'types' | `${'device' | 'frames'}:${string}`
  >({
    type: 'string',
    pattern: `^(fleet|hub|commands|incidents|alarms|types|(device|frames):${namePattern.source.slice(1, -1)})$`,
    description:
      '`fleet` → fleet, counts · `hub` → hub · `commands` → command, group-command · `incidents` → incident · `alarms` → alarm · `types` → types · `device:ID` → device, reading, nack, gone · `frames:ID` → frames; the audit records who watches',
  }),
  'fleet',
);
export type LiveTopic = Static<typeof LiveTopic>;

/** From the client: the whole set of topics, which replaces the previous one. */
export const LiveRequest = named(
  'LiveRequest',
  Type.Object({ watch: list(LiveTopic, { maxItems: maxTopics }) }),
  { watch: ['fleet', 'device:boiler-3'] },
);
export type LiveRequest = Static<typeof LiveRequest>;

/** The data of a device that change often, in as few characters as possible. */
export const RowChange = named(
  'RowChange',
  Type.Unsafe<
    readonly [
      id: string,
      presence: DeviceSummary['presence'],
      sinceMs: number | null,
      lastDataMs: number | null,
    ]
  >({
    type: 'array',
    description: 'id, presence, sinceMs, lastDataMs',
    prefixItems: [
      { type: 'string' },
      { type: 'string', enum: [...presenceStates] },
      { type: ['number', 'null'] },
      { type: ['number', 'null'] },
    ],
    minItems: 4,
    maxItems: 4,
    items: false,
  }),
  ['boiler-3', 'online', 1_700_000_000_000, null],
);
export type RowChange = Static<typeof RowChange>;

const perSecond = (description: string) => Type.Number({ minimum: 0, description });

/** Devices by state, and the rates. */
export const LiveCounts = named(
  'LiveCounts',
  Type.Object({
    byState: mapOf(count()),
    devices: count(),
    messagesPerSec: perSecond('frames from devices'),
    storedPerSec: perSecond('points'),
  }),
  { byState: { online: 1 }, devices: 1, messagesPerSec: 4, storedPerSec: 4 },
);
export type LiveCounts = Static<typeof LiveCounts>;

/** Changes of the fleet. A device is in at most one of the three lists. */
export const FleetChange = named(
  'FleetChange',
  Type.Object({
    devices: list(RowChange),
    removed: list(Type.String(), { description: 'ids' }),
    added: list(DeviceSummary, { description: 'new devices, and changes of data that seldom changes' }),
  }),
  { devices: [['boiler-3', 'offline', 1_700_000_000_000, null]], removed: [], added: [] },
);
export type FleetChange = Static<typeof FleetChange>;

const ofDevice = { id: nameOf('device id') };

/** From the hub; `t` names the kind of message, and so its topic. */
export const LiveMessage = named(
  'LiveMessage',
  Type.Union([
    Type.Interface([FleetChange], { t: Type.Literal('fleet') }),
    Type.Interface([LiveCounts], { t: Type.Literal('counts') }),
    Type.Interface([HubSnapshot], { t: Type.Literal('hub') }),
    Type.Object({ t: Type.Literal('command'), command: CommandView }),
    Type.Object({ t: Type.Literal('group-command'), groupCommand: GroupCommandView }),
    Type.Object({ t: Type.Literal('incident'), incident: Incident }),
    Type.Object({ t: Type.Literal('alarm'), alarm: AlarmView }),
    Type.Object(
      { t: Type.Literal('types') },
      { description: 'a device type was published: load those that are shown again' },
    ),
    Type.Object({ t: Type.Literal('device'), ...ofDevice, details: DeviceDetails }),
    Type.Object({
      t: Type.Literal('reading'),
      ...ofDevice,
      stream: Type.String(),
      timeMs: timeMs('when it was taken'),
      fields: mapOf(FieldValue),
    }),
    Type.Interface([NackRow], { t: Type.Literal('nack'), ...ofDevice }),
    Type.Object(
      { t: Type.Literal('frames'), ...ofDevice, ...framesOfDevice },
      { description: 'the last ones first, then those that come' },
    ),
    Type.Object({ t: Type.Literal('gone'), ...ofDevice }, { description: 'there is no such device' }),
    Type.Object(
      { t: Type.Literal('error'), message: Type.String() },
      { description: 'the last request is refused' },
    ),
  ]),
  { t: 'gone', id: 'boiler-3' },
);
export type LiveMessage = Static<typeof LiveMessage>;

export const liveApi = resource('live', {
  watchLive: {
    method: 'GET',
    path: '/api/v1/live',
    summary: 'Changes as they happen, over a WebSocket',
    description:
      `Send a LiveRequest, such as {"watch":["fleet","device:boiler-3"]}: the whole set of topics each time, at most ${maxTopics}. ` +
      'Each text message from the hub is a LiveMessage. Only changes are sent: load the rest when the first message comes. ' +
      'Close codes: 4401 the login is over, 1013 too slow, 1001 the hub is stopping.',
    answers: { 101: LiveMessage },
    meanings: { 101: 'Upgraded; the messages that follow are these.' },
    refusals: ['upgrade-required'],
  },
});
