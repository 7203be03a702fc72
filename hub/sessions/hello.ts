import { limits, renderValue, typeName } from '../../schemas/index.ts';
import type {
  DeviceType,
  DeviceTypeCatalog,
  FieldError,
  HelloFrame,
  WelcomeFrame,
} from '../../schemas/index.ts';
import type { DeviceRecord } from '../registry/device-store.ts';
import type { LinkTiming } from '../presence/presence-keeper.ts';
import { timingOf } from '../presence/known-devices.ts';
import type { DeviceRates } from './rate-limit.ts';

export interface SessionOptions extends DeviceRates {
  ackDelayMs: number;
  inFlight: number;
  backoffMaxMs: number;
}

/** A hello that opens a session. */
export interface AcceptedHello {
  hello: HelloFrame;
  type: DeviceType;
  timing: LinkTiming;
}

/** Checks the device type against the registered one. @param hello valid by its schema */
export function judgeHello(
  hello: HelloFrame,
  record: DeviceRecord,
  catalog: DeviceTypeCatalog,
): ({ kind: 'accepted' } & AcceptedHello) | { kind: 'refused'; error: FieldError } {
  const type = catalog.get(hello.deviceType);
  if (type !== undefined && typeName(record.type) === type.name) {
    return { kind: 'accepted', hello, type, timing: timingOf(type, hello.heartbeatSec) };
  }
  const expected = type === undefined ? 'a device type the hub has' : `a version of ${typeName(record.type)}`;
  return {
    kind: 'refused',
    error: {
      path: '/deviceType',
      keyword: 'enum',
      expected,
      got: renderValue(hello.deviceType),
      in: 'frame',
    },
  };
}

export function welcomeFrame(
  session: Pick<WelcomeFrame, 'epoch' | 't1' | 'now' | 'desired' | 'update'>,
  { heartbeatMs, graceMs }: LinkTiming,
  { ackDelayMs, backoffMaxMs, inFlight, messagesPerSec }: SessionOptions,
): WelcomeFrame {
  const { frameBytes, samples } = limits;
  return {
    type: 'welcome',
    ...session,
    heartbeatSec: heartbeatMs / 1000,
    graceSec: graceMs / 1000,
    ackDelayMs,
    backoffMaxMs,
    limits: { frameBytes, samples, inFlight, messagesPerSec, burst: Math.max(1, Math.floor(messagesPerSec)) },
  };
}
