/**
 * A new idempotency key, which is also the id of the command: a command requested twice with it runs once.
 * Grammar of ids: `namePattern` in `schemas/limits.ts`.
 * @param random fills bytes; `crypto.getRandomValues`, which pages without TLS have as well
 */
export function newCommandKey(nowMs: number, random: (bytes: Uint8Array<ArrayBuffer>) => void): string {
  const bytes = new Uint8Array(8);
  random(bytes);
  const tail = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return `console-${nowMs.toString(36)}-${tail}`;
}

/** A key that nobody has yet. */
export function freshCommandKey(): string {
  return newCommandKey(Date.now(), (bytes) => crypto.getRandomValues(bytes));
}
