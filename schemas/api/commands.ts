/** Commands for one device. */

import { Type, type Static } from 'typebox';
import { commandStatuses } from '../command-status.ts';
import { FieldError } from './refusal.ts';
import { requester } from './requester.ts';
import { choice, jsonObject, list, named, nameOf, timeMs } from './values.ts';

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
    repeated: Type.Boolean({ description: 'the same request came before; nothing was sent again' }),
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
