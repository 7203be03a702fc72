/** What devices say in their logs. */

import { Type, type Static } from 'typebox';
import { ofDevice } from './devices.ts';
import { resource } from './operation.ts';
import { choice, closed, defaulted, limitOf, list, named, queryTime, timeMs } from './values.ts';

export const LogLine = named(
  'LogLine',
  Type.Object({
    timeMs: timeMs('when the device said it; its three decimals keep lines of one millisecond apart'),
    level: choice(['debug', 'info', 'warning', 'error'], 'how serious it is'),
    msg: Type.String({ description: 'what happened, in words' }),
    tag: Type.Optional(Type.String({ description: 'the part of the firmware that says it' })),
  }),
  { timeMs: 1_700_000_000_000.412, level: 'warning', msg: 'the sensor answered late', tag: 'i2c' },
);
export type LogLine = Static<typeof LogLine>;

export const logApi = resource('devices', {
  listLogs: {
    method: 'GET',
    path: '/api/v1/devices/{id}/logs',
    summary: "Lines of a device's log, oldest first",
    description: 'Only devices whose type has `logs` send them.',
    params: ofDevice,
    query: closed({
      fromMs: defaulted(queryTime('at or after this time'), 0),
      toMs: queryTime('before this time'),
      limit: limitOf(10_000),
      take: defaulted(
        choice(['first', 'last'], '`last`: the newest of the range; `first`: the oldest'),
        'last',
      ),
    }),
    answers: { 200: Type.Object({ lines: list(LogLine) }) },
    refusals: ['device-unknown', 'store-unavailable'],
  },
});
