/** WebSocket close codes of the protocol: RFC 6455 §7.4.1 below 4000, our own from 4000 (§7.4.2). */
export const closeCodes = {
  /** After `bye`. */
  normal: 1000,
  protocolError: 1002,
  /** A binary frame where frames are text, or a text frame where they are binary. */
  wrongKind: 1003,
  badUtf8: 1007,
  /** More fragments in one message than the hub accepts. */
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

/** The values of `code` in a close reason, each with its close code. */
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

/** The meaning of each reason, for people. The description of the protocol says what a device does about it. */
export const closeMeanings: Readonly<Record<CloseReason, string>> = {
  bye: 'the device said goodbye',
  'protocol-error': 'a frame that WebSocket does not allow',
  'binary-frame': 'a binary frame where frames are text',
  'text-frame': 'a text frame where frames are binary',
  'bad-utf8': 'a text that is not UTF-8',
  'too-many-fragments': 'a message in more fragments than are taken',
  'frame-too-big': 'a frame longer than `limits.frameBytes` of the welcome',
  draining: 'the hub stops: come back after `retryAfterMs`',
  overloaded: 'the hub has too much to do',
  'slow-reader': 'the device does not read what the hub sends',
  undecodable: 'ten frames in a row that cannot be read',
  'bad-seq': 'a `seq` that does not follow',
  'unsupported-type': 'the hub does not have this device type',
  'credential-expired': 'the credential has ended',
  'credential-revoked': 'the credential was revoked',
  'device-removed': 'the device was removed',
  'no-hello': 'no hello came in time',
  'no-heartbeat': 'pings were answered, and the application said nothing',
  'link-lost': 'nothing came any more',
  replaced: 'a newer session of the same device took over',
  'cloned-credential': 'two devices use one id and secret',
  'rate-abuse':
    'far over the rate, in spite of `nack` with `rate`: send less, or raise `HUB_MESSAGES_PER_SEC`',
};

/** The reason of a close frame, JSON of at most 123 bytes: `{"code":"draining","retryAfterMs":1200}`. */
export function closeReasonText(code: CloseReason, retryAfterMs?: number): string {
  return JSON.stringify(
    retryAfterMs === undefined ? { code } : { code, retryAfterMs: Math.round(retryAfterMs) },
  );
}
