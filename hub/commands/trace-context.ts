import { randomBytes } from 'node:crypto';

/**
 * Where a command stands in a trace that began elsewhere, or begins with it: W3C Trace Context, `traceparent` (§3.2). A caller gives
 * its own in the MQTT user property or HTTP header of this name; the hub's goes on to the device and into every answer.
 */
export interface TraceContext {
  /** 16 bytes, hexadecimal. */
  readonly traceId: string;
  /** Of the hub's span of the command: 8 bytes, hexadecimal. */
  readonly spanId: string;
  /** Of the caller's span; undefined: the trace begins with the command. */
  readonly parentSpanId: string | undefined;
  /** The caller keeps this trace (§3.2.2.5); one that nobody keeps is not exported. */
  readonly sampled: boolean;
}

/** Version 00 and those to come, which may say more after it (§3.2.4). */
const form = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-|$)/;
const sampledFlag = 1;

/** @param given of the caller; one that is none begins a trace of its own, as §4.3 demands */
export function traceContext(given: string | undefined): TraceContext {
  const spanId = randomBytes(8).toString('hex');
  const [, traceId, parentSpanId, flags = ''] = form.exec(given ?? '') ?? [];
  if (traceId === undefined) {
    return { traceId: randomBytes(16).toString('hex'), spanId, parentSpanId: undefined, sampled: true };
  }
  return { traceId, spanId, parentSpanId, sampled: (Number.parseInt(flags, 16) & sampledFlag) !== 0 };
}

/** What goes on: whatever happens now happens below the hub's span. */
export function traceparentOf({ traceId, spanId, sampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-0${sampled ? sampledFlag : 0}`;
}
