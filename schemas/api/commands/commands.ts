/** Commands for one device. */

import { Type, type Static } from 'typebox';
import { commandStatuses } from '../../command-status.ts';
import { limits } from '../../limits.ts';
import { ofDevice } from '../devices.ts';
import { resource } from '../operation.ts';
import { FieldError } from '../refusal.ts';
import { requester } from '../requester.ts';
import {
  choice,
  closed,
  cursor,
  jsonObject,
  judgedLater,
  limitOf,
  list,
  named,
  nameOf,
  timeMs,
} from '../values.ts';

/** Thirty days. */
export const maxTtlMs = 2_592_000_000;

const command = {
  id: 'c-7f3a',
  device: 'valve-2',
  name: 'open',
  params: { percent: 40 },
  accepted: 1_700_000_000_000,
  deadline: 1_700_000_060_000,
  actor: 'operator:anna',
  origin: 'http',
} as const;
const succeeded = {
  ...command,
  status: 'succeeded',
  ts: 1_700_000_000_420,
  final: true,
  output: {},
} as const;

export const CommandView = named(
  'CommandView',
  Type.Object({
    id: nameOf('unique per device'),
    device: nameOf('device id'),
    name: nameOf('of the command, as in the device type'),
    status: choice(commandStatuses),
    final: Type.Boolean({ description: 'the status never changes again' }),
    params: jsonObject('as the device type describes them'),
    accepted: timeMs('when the hub accepted it'),
    ts: timeMs('when the status was entered; while running, when the device last reported progress'),
    deadline: timeMs('the device does not begin it at or after this moment'),
    reason: Type.Optional(Type.String({ description: 'why the status is what it is' })),
    errors: Type.Optional(list(FieldError)),
    output: Type.Optional(Type.Unknown({ description: "as the command's own schema describes it" })),
    percent: Type.Optional(Type.Number({ description: 'share done, while running' })),
    note: Type.Optional(Type.String({ description: "the device's own words, while running" })),
    cancelRequested: Type.Optional(Type.Literal(true, { description: 'somebody asked to cancel it' })),
    actor: Type.Optional(requester.actor),
    origin: Type.Optional(requester.origin),
  }),
  succeeded,
);
export type CommandView = Static<typeof CommandView>;

export const SentCommand = named(
  'SentCommand',
  Type.Interface([CommandView], {
    repeated: Type.Boolean({ description: 'the same request was sent before; nothing was sent again' }),
  }),
  { ...succeeded, repeated: false },
);
export type SentCommand = Static<typeof SentCommand>;

/** Newest first. */
export const CommandPage = named(
  'CommandPage',
  Type.Object({
    commands: list(CommandView),
    next: Type.Optional(
      Type.Integer({ minimum: 0, description: '`before` of the next page; absent after the last' }),
    ),
  }),
  { commands: [succeeded], next: 4_711 },
);
export type CommandPage = Static<typeof CommandPage>;

/** A request to send a command, over any interface. */
const CommandRequest = named(
  'CommandRequest',
  closed({
    id: Type.Optional(
      nameOf("the caller's own id, unique per device; needed for actuate and critical commands"),
    ),
    params: Type.Optional(jsonObject("judged by the command's own schema; absent means {}")),
    ttlMs: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: maxTtlMs,
        description: "time to live, ms; the definition's ttlSec when absent",
      }),
    ),
  }),
  { id: 'c-7f3a', params: { percent: 40 }, ttlMs: 60_000 },
);

const ofCommand = Type.Object({
  ...ofDevice.properties,
  command: Type.String({ minLength: 1, maxLength: limits.id, description: 'id of the command' }),
});

const WaitQuery = closed({
  wait: Type.Optional(
    Type.String({
      maxLength: 16,
      description: 'such as 10s or 500ms, at most 60s: answer when the command has ended, or after this time',
    }),
  ),
});

/** A caller that repeats a request sends the same key. */
export const idempotencyHeader = Type.Object({
  'idempotency-key': Type.Optional(Type.String({ description: 'used as the id if the body has none' })),
});

const text = (description: string) =>
  Type.Optional(Type.String({ minLength: 1, maxLength: 64, description }));

const CommandQuery = closed({
  device: text('of this device'),
  name: text('with this name'),
  id: text('with this id'),
  status: Type.Optional(choice(commandStatuses)),
  open: Type.Optional(Type.Boolean({ description: 'true: without a final status; false: with one' })),
  fromMs: Type.Optional(cursor('accepted at or after this time, Unix ms')),
  toMs: Type.Optional(cursor('accepted before this time, Unix ms')),
  limit: limitOf(1_000),
  before: Type.Optional(cursor('the `next` of the page before')),
});
export type CommandQuery = Static<typeof CommandQuery>;

const sendRefusals = ['command-refused', 'bus-unavailable', 'database-failed'] as const;

export const commandApi = resource('commands', {
  sendCommand: {
    method: 'POST',
    path: '/api/v1/devices/{id}/commands/{command}',
    summary: 'Send a command',
    needs: 'operator',
    params: Type.Object({
      ...ofDevice.properties,
      command: Type.String({ minLength: 1, maxLength: limits.name, description: 'name of the command' }),
    }),
    query: WaitQuery,
    headers: idempotencyHeader,
    body: judgedLater(CommandRequest),
    answers: { 200: SentCommand, 202: SentCommand },
    meanings: {
      200: 'It has ended already, or the same request came before.',
      202: 'It is in the journal and has not ended yet.',
    },
    refusals: sendRefusals,
  },
  showCommand: {
    method: 'GET',
    path: '/api/v1/devices/{id}/commands/{command}',
    summary: 'One command, by its id',
    params: ofCommand,
    query: WaitQuery,
    answers: { 200: CommandView },
    refusals: ['command-unknown', 'database-failed'],
  },
  cancelCommand: {
    method: 'POST',
    path: '/api/v1/devices/{id}/commands/{command}/cancel',
    summary: 'Ask to cancel a command; one that has begun may still end differently',
    needs: 'operator',
    params: ofCommand,
    answers: { 200: CommandView },
    refusals: ['command-unknown', 'database-failed'],
  },
  listCommands: {
    method: 'GET',
    path: '/api/v1/commands',
    summary: 'Commands, newest first; a page may have fewer than requested',
    query: CommandQuery,
    answers: { 200: CommandPage },
    refusals: ['database-failed'],
  },
});
