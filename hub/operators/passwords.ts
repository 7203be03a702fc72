import { createHash, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/** OWASP's parameters for scrypt: 2^16 × 8 × 2 costs a guesser about what it costs us, 100 ms and 64 MiB. */
const cost = { N: 2 ** 16, r: 8, p: 2, maxmem: 128 * 2 ** 20 };
const hashBytes = 32;
const saltBytes = 16;

/** `scrypt$<salt>$<hash>`, both base64url. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(saltBytes);
  return `scrypt$${salt.toString('base64url')}$${(await derive(password, salt)).toString('base64url')}`;
}

/** For a name that nobody has: judged at the same cost, never right. */
const nobody = `scrypt$${randomBytes(saltBytes).toString('base64url')}$${randomBytes(hashBytes).toString('base64url')}`;

/** @param stored undefined for an unknown name: false, at the same cost */
export async function passwordHolds(password: string, stored: string | undefined): Promise<boolean> {
  const [, salt = '', hash = ''] = (stored ?? nobody).split('$');
  const derived = await derive(password, Buffer.from(salt, 'base64url'));
  const expected = Buffer.from(hash, 'base64url');
  return expected.length === derived.length && timingSafeEqual(derived, expected) && stored !== undefined;
}

function derive(password: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    // NFC: the same password typed on two keyboards is the same bytes (RFC 8265 §4.2).
    scrypt(password.normalize('NFC'), salt, hashBytes, cost, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}

/** 192 random bits, with a prefix that secret scanners can look for. */
export function newToken(): string {
  return `hubt_${randomBytes(24).toString('base64url')}`;
}

/** The stored form of a random token: SHA-256, hex. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
