import { limits, renderValue, typeName } from '../../schemas/index.ts';
import type {
  DeviceType,
  DeviceTypeCatalog,
  FieldError,
  HelloFrame,
  WelcomeFrame,
} from '../../schemas/index.ts';
import type { DeviceRecord } from '../registry/device-store.ts';
import type { KnownDevice, LinkTiming } from '../presence/presence-keeper.ts';
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
  session: Pick<WelcomeFrame, 'epoch' | 't1' | 'now'>,
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

/**
 * The device's own heartbeat wins, up to the longest its type allows. Grace is then half of it, as for a type without a
 * grace of its own.
 */
function timingOf({ presence }: DeviceType, wishSec = presence.heartbeatSec): LinkTiming {
  const heartbeatSec = Math.min(wishSec, presence.maxHeartbeatSec);
  const graceSec = heartbeatSec === presence.heartbeatSec ? presence.graceSec : heartbeatSec / 2;
  return { heartbeatMs: heartbeatSec * 1000, graceMs: graceSec * 1000 };
}

/** For a device whose type is no longer there. */
const lostTypeTiming: LinkTiming = { heartbeatMs: 60_000, graceMs: 30_000 };

/** Registered devices with the timing of their types, as presence needs them. */
export function knownDevices(records: readonly DeviceRecord[], catalog: DeviceTypeCatalog): KnownDevice[] {
  return records.map((record) => {
    const type = catalog.get(record.type);
    return { ...record, timing: type === undefined ? lostTypeTiming : timingOf(type) };
  });
}
