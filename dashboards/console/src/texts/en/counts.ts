import { counted } from './counted.ts';

/** Numbers with what they count. */
export const counts = {
  alarms: (count: number) => counted(count, { one: 'alarm', other: 'alarms' }),
  changes: (count: number) => counted(count, { one: 'change', other: 'changes' }),
  chosenDevices: (count: number) => counted(count, { one: 'chosen device', other: 'chosen devices' }),
  devices: (count: number) => counted(count, { one: 'device', other: 'devices' }),
  failures: (count: number) => counted(count, { one: 'failure', other: 'failures' }),
  lines: (count: number) => counted(count, { one: 'line', other: 'lines' }),
  messages: (count: number) => counted(count, { one: 'message', other: 'messages' }),
  parts: (count: number) => counted(count, { one: 'part', other: 'parts' }),
  points: (count: number) => counted(count, { one: 'point', other: 'points' }),
  readings: (count: number) => counted(count, { one: 'reading', other: 'readings' }),
  recoveryCodes: (count: number) => counted(count, { one: 'recovery code', other: 'recovery codes' }),
  sessions: (count: number) => counted(count, { one: 'session', other: 'sessions' }),
  updatedDevices: (count: number) => counted(count, { one: 'updated device', other: 'updated devices' }),
  waves: (count: number) => counted(count, { one: 'wave', other: 'waves' }),
  days: (count: number) => counted(count, { one: 'day', other: 'days' }),
  hours: (count: number) => counted(count, { one: 'hour', other: 'hours' }),
  minutes: (count: number) => counted(count, { one: 'minute', other: 'minutes' }),
  seconds: (count: number) => counted(count, { one: 'second', other: 'seconds' }),
};
