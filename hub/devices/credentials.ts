import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** 192 random bits: nothing a person remembers, so a plain hash of it cannot be guessed back. */
const secretBytes = 24;

/** A new device secret, base64url, 32 characters. It is shown once; the hub keeps its hash only. */
export function createSecret(): string {
  return randomBytes(secretBytes).toString('base64url');
}

/** The hash that is stored: SHA-256, hex. scrypt would cost 29 ms a device on every reconnect and add nothing at 192 bits. */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** Compared against when the id is unknown, so that both refusals cost the same. */
const nobody = createHash('sha256').update(randomBytes(secretBytes)).digest();

/**
 * Does the secret match the stored hash? Constant time.
 * @param secretHash hex SHA-256, or undefined when the id is unknown: the answer is false at the same cost.
 */
export function verifySecret(secret: string, secretHash: string | undefined): boolean {
  const given = createHash('sha256').update(secret).digest();
  const stored = secretHash === undefined ? nobody : Buffer.from(secretHash, 'hex');
  return timingSafeEqual(given, stored) && secretHash !== undefined;
}

/**
 * The id and secret of an `Authorization: Basic` header (RFC 7617 §2).
 * @returns undefined when the header is absent or not of that form.
 */
export function parseBasic(header: string | undefined): { id: string; secret: string } | undefined {
  const encoded = /^Basic ([A-Za-z0-9+/]+={0,2})$/i.exec(header ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : { id: text.slice(0, colon), secret: text.slice(colon + 1) };
}
