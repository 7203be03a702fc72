import { Secret, TOTP } from 'otpauth';

/** What an authenticator app shows for this secret. @param atMs Unix ms */
export function oneTimeCode(secret: string, atMs = Date.now()): string {
  return new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: atMs });
}
