import { cutText } from '../../schemas/cut-text.ts';
import { isLayoutOf, layoutOf } from '../../schemas/cbor/type-layout.ts';
import type { ShortStreams } from '../../schemas/cbor/short-telemetry.ts';
import { limits, renderValue, typeName } from '../../schemas/index.ts';
import type {
  DeviceType,
  DeviceTypeCatalog,
  FieldError,
  HelloFrame,
  WelcomeFrame,
} from '../../schemas/index.ts';
import type { DeviceRecord } from '../registry/device-store.ts';
import type { LinkTiming } from '../presence/watched-link.ts';
import { timingOf } from '../presence/known-devices.ts';
import { fixedRates, type DeviceRates } from './rate-limit.ts';

export interface SessionOptions extends DeviceRates {
  ackDelayMs: number;
  inFlight: number;
  backoffMaxMs: number;
}

/** Every device has the same. @param asked as it is configured */
export function sessionOptions(asked: Omit<SessionOptions, keyof typeof fixedRates>): SessionOptions {
  const { ackDelayMs, inFlight, messagesPerSec, logsPerSec, backoffMaxMs } = asked;
  return { ackDelayMs, inFlight, messagesPerSec, logsPerSec, ...fixedRates, backoffMaxMs };
}

/** A hello that opens a session. */
export interface AcceptedHello {
  hello: HelloFrame;
  type: DeviceType;
  timing: LinkTiming;
  /** In the order of which the device writes short forms, also when the type changes; undefined: it has not said that it does. */
  streams: ShortStreams | undefined;
}

/** Checks the device type against the registered one, and the layout against the type. @param hello valid by its schema */
export function judgeHello(
  hello: HelloFrame,
  record: DeviceRecord,
  catalog: DeviceTypeCatalog,
): ({ kind: 'accepted' } & AcceptedHello) | { kind: 'refused'; error: FieldError } {
  const { deviceType, layout } = hello;
  const type = catalog.get(deviceType);
  if (type === undefined || typeName(record.type) !== type.name) {
    const expected =
      type === undefined ? 'a device type the hub has' : `a version of ${typeName(record.type)}`;
    return refusedBy('/deviceType', expected, deviceType);
  }
  const { fingerprint, streams } = layoutOf(type.definition);
  if (layout !== undefined && !isLayoutOf(layout, type.definition)) {
    // Its values would be stored under the names of others.
    return refusedBy('/layout', `${fingerprint}, the order of the fields in ${type.id}`, layout);
  }
  const timing = timingOf(type, hello.heartbeatSec);
  return { kind: 'accepted', hello, type, timing, streams: layout === undefined ? undefined : streams };
}

function refusedBy(path: string, expected: string, got: string): { kind: 'refused'; error: FieldError } {
  const error = {
    path,
    keyword: 'enum',
    expected: cutText(expected, 200),
    got: renderValue(got),
    in: 'frame',
  } as const;
  return { kind: 'refused', error };
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
