/** Why the hub closed connections, by close code (the protocol's own, and RFC 6455 §7.4.1). */
const closes: Readonly<Record<string, string>> = {
  1000: 'the device disconnected cleanly (bye)',
  1002: 'broken WebSocket frames',
  1003: 'a binary frame',
  1007: 'invalid UTF-8',
  1009: 'a frame that is too large',
  1012: 'the hub stopped and asked for a reconnect',
  1013: 'overloaded',
  4004: 'the device does not read',
  4400: 'invalid frame, broken sequence or wrong device type',
  4401: 'the credential expired',
  4403: 'the credential was revoked, or the device was removed or disabled',
  4408: 'no response, or no hello',
  4409: 'replaced by a newer session of the same device',
  4429: 'far too many messages',
};

/** How connections ended that the hub did not close, by close code (RFC 6455 §7.4.1). */
const losses: Readonly<Record<string, string>> = {
  1000: 'closed by the device without a bye',
  1001: 'the device went away',
  1005: 'closed by the device without a code',
  1006: 'connection lost',
  other: 'closed by the device with a code of its own',
};

export function closeWords(code: string): string {
  return closes[code] ?? '';
}

export function lossWords(code: string): string {
  return losses[code] ?? 'closed by the device';
}
