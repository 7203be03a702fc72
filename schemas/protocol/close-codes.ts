/** WebSocket close codes of the protocol: RFC 6455 §7.4.1 below 4000, our own from 4000 (§7.4.2). */
export const closeCodes = {
  /** After `bye`. */
  normal: 1000,
  protocolError: 1002,
  /** A binary frame where frames are text, or the other way round. */
  wrongKind: 1003,
  badUtf8: 1007,
  /** More fragments in one message than are taken. */
  policyViolation: 1008,
  frameTooBig: 1009,
  draining: 1012,
  overloaded: 1013,
  slowReader: 4004,
  /** Ten undecodable frames in a row, a broken seq, an unsupported device type. */
  misbehaving: 4400,
  credentialExpired: 4401,
  credentialRevoked: 4403,
  /** No hello in time, or no sign of life. */
  silent: 4408,
  /** A newer session of the same device took over. */
  replaced: 4409,
  rateAbuse: 4429,
} as const;

export type CloseCode = (typeof closeCodes)[keyof typeof closeCodes];

/** The words a close reason carries in `code`, and the close code each goes out with. */
export const closeReasons = {
  bye: closeCodes.normal,
  'protocol-error': closeCodes.protocolError,
  'binary-frame': closeCodes.wrongKind,
  'text-frame': closeCodes.wrongKind,
  'bad-utf8': closeCodes.badUtf8,
  'too-many-fragments': closeCodes.policyViolation,
  'frame-too-big': closeCodes.frameTooBig,
  draining: closeCodes.draining,
  overloaded: closeCodes.overloaded,
  'slow-reader': closeCodes.slowReader,
  undecodable: closeCodes.misbehaving,
  'bad-seq': closeCodes.misbehaving,
  'unsupported-type': closeCodes.misbehaving,
  'credential-expired': closeCodes.credentialExpired,
  'credential-revoked': closeCodes.credentialRevoked,
  'device-removed': closeCodes.credentialRevoked,
  'no-hello': closeCodes.silent,
  'no-heartbeat': closeCodes.silent,
  'link-lost': closeCodes.silent,
  replaced: closeCodes.replaced,
  'cloned-credential': closeCodes.replaced,
  'rate-abuse': closeCodes.rateAbuse,
} as const satisfies Record<string, CloseCode>;

export type CloseReason = keyof typeof closeReasons;

/** The reason of a close frame, JSON of at most 123 bytes: `{"code":"draining","retryAfterMs":1200}`. */
export function closeReasonText(code: CloseReason, retryAfterMs?: number): string {
  return JSON.stringify(
    retryAfterMs === undefined ? { code } : { code, retryAfterMs: Math.round(retryAfterMs) },
  );
}
