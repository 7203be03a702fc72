import { firmwareVersionPattern, limits, namePattern } from '../../../../schemas/limits.ts';
import type { HubFrame } from '../../../../schemas/protocol/hub-frames.ts';

type Kind = (value: unknown) => boolean;

const text: Kind = (value) => typeof value === 'string' && value.length > 0;
const id: Kind = (value) => typeof value === 'string' && namePattern.test(value);
const flag: Kind = (value) => typeof value === 'boolean';
const notNegative: Kind = (value) => Number.isFinite(value) && Number(value) >= 0;
const positive: Kind = (value) => Number.isFinite(value) && Number(value) > 0;
const whole: Kind = (value) => Number.isSafeInteger(value) && Number(value) >= 0;
const count: Kind = (value) => Number.isSafeInteger(value) && Number(value) >= 1;
const anything: Kind = () => true;
const object: Kind = isObject;
const list =
  (item: Kind): Kind =>
  (value) =>
    Array.isArray(value) && value.every(item);
const optional =
  (kind: Kind): Kind =>
  (value) =>
    value === undefined || kind(value);
const shape =
  (fields: Readonly<Record<string, Kind>>): Kind =>
  (value) =>
    isObject(value) &&
    Object.entries(fields).every(([name, kind]) =>
      kind(Object.hasOwn(value, name) ? value[name] : undefined),
    );

const desired = { rev: whole, state: object };
const like =
  (pattern: RegExp): Kind =>
  (value) =>
    typeof value === 'string' && pattern.test(value);
/** Bytes of a file. */
const size: Kind = (value) => count(value) && Number(value) <= 2 ** 32;
const update = {
  id,
  version: like(firmwareVersionPattern),
  url: like(/^[^]{1,256}$/),
  sha256: like(/^[0-9a-f]{64}$/),
  size,
  signature: optional(like(/^[A-Za-z0-9+/]{86}==$/)),
};
const offered = shape(update);
const withdrawn = shape({ id, cancelled: (value) => value === true });

/**
 * What this device needs of each frame. It is less than the schemas in `schemas/protocol` say, because a newer hub may say more:
 * a code that is not known yet, for example. The tests hold the two together.
 */
const frames: Readonly<Record<HubFrame['type'], Kind>> = {
  welcome: shape({
    epoch: count,
    t1: notNegative,
    now: notNegative,
    heartbeatSec: positive,
    graceSec: notNegative,
    ackDelayMs: notNegative,
    backoffMaxMs: notNegative,
    limits: shape({
      frameBytes: count,
      samples: count,
      inFlight: count,
      messagesPerSec: positive,
      burst: optional(count),
    }),
    desired: optional(shape(desired)),
    update: optional(offered),
  }),
  ack: (value) => shape({ upTo: whole })(value) || shape({ re: id })(value),
  nack: shape({ code: text, retry: flag, seq: optional(count), re: optional(id) }),
  heartbeat: shape({ t1: notNegative, t2: notNegative, t3: notNegative }),
  command: shape({
    id,
    name: text,
    params: object,
    deadline: notNegative,
    ttlMs: notNegative,
    safety: text,
    traceparent: optional(text),
  }),
  cancel: shape({ re: id }),
  recall: shape({ ids: (value) => list(id)(value) && Array.isArray(value) && value.length > 0 }),
  notice: shape({ topic: text, data: anything }),
  desired: shape(desired),
  update: (value) => withdrawn(value) || offered(value),
  credential: shape({ id: text, secret: text }),
  drain: shape({ reconnectAfterMs: anything }),
};

/**
 * What the device can do without. A frame with a bad one is still what it is: a nack that were ignored for its hint would leave its
 * reading to the next ack, as if it were stored.
 */
const hints: Partial<Record<HubFrame['type'], { fields: Readonly<Record<string, Kind>>; instead: object }>> =
  {
    nack: {
      fields: {
        code: text,
        retry: flag,
        retryAfterMs: notNegative,
        rejectedSamples: list(whole),
        errors: list(shape({ path: (path) => typeof path === 'string' })),
      },
      instead: { code: 'unknown', retry: false },
    },
    drain: {
      fields: { reconnectAfterMs: notNegative, reason: text },
      instead: { reconnectAfterMs: 0, reason: 'unknown' },
    },
  };

function withoutBadHints(frame: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { type } = frame;
  const known =
    typeof type === 'string' && Object.hasOwn(hints, type) ? hints[type as HubFrame['type']] : undefined;
  if (known === undefined) return frame;
  const { fields, instead } = known;
  const good = Object.entries(frame).filter(
    ([name, value]) => !Object.hasOwn(fields, name) || (fields[name] ?? anything)(value),
  );
  return { ...instead, ...Object.fromEntries(good) };
}

/**
 * A frame of the hub. Returns undefined for anything else, which a device ignores: a newer hub may send types that
 * this firmware does not know.
 */
export function parseHubFrame(given: string): HubFrame | undefined {
  if (given.length > limits.frameBytes || isTooDeep(given)) return undefined;
  try {
    return hubFrameOf(JSON.parse(given));
  } catch {
    return undefined;
  }
}

/** A frame of the hub, out of what was read of a message; undefined as above. */
export function hubFrameOf(value: unknown): HubFrame | undefined {
  if (!isObject(value)) return undefined;
  const frame = withoutBadHints(value);
  return isHubFrame(frame) ? frame : undefined;
}

function isHubFrame(
  value: Readonly<Record<string, unknown>>,
): value is Readonly<Record<string, unknown>> & HubFrame {
  const { type } = value;
  return typeof type === 'string' && Object.hasOwn(frames, type) && frames[type as HubFrame['type']](value);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** As deep as the protocol allows; what is deeper could exhaust the stack of whatever walks through it. */
const deepest = 64;

function isTooDeep(given: string): boolean {
  if (given.length <= 2 * deepest) return false;
  let depth = 0;
  let inText = false;
  for (let at = 0; at < given.length; at += 1) {
    const char = given.charCodeAt(at);
    if (inText) {
      if (char === backslash) at += 1;
      else if (char === quote) inText = false;
    } else if (char === quote) inText = true;
    else if (char === openBrace || char === openBracket) {
      depth += 1;
      if (depth > deepest) return true;
    } else if (char === closeBrace || char === closeBracket) depth -= 1;
  }
  return false;
}

const [quote, backslash, openBrace, closeBrace, openBracket, closeBracket] = [34, 92, 123, 125, 91, 93];
