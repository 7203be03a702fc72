import { Secret, TOTP } from 'otpauth';
import type { OneTimeCodes } from '../operators/second-factor.ts';

/** As every app knows them: SHA-1, six digits, 30 seconds (RFC 6238 §4). */
const form = { algorithm: 'SHA1', digits: 6, period: 30 };
/** Steps before and after now: the clock of a phone is not ours (RFC 6238 §5.2). */
const window = 1;
/** RFC 4226 §4 asks for 160 bits. */
const secretBytes = 20;

/** @param issuer beside which the app shows the account */
export function createOneTimeCodes(issuer: string): OneTimeCodes {
  const codeOf = (secret: string, label?: string): TOTP =>
    new TOTP({ ...form, issuer, label: label ?? issuer, secret: Secret.fromBase32(secret) });
  return {
    newSecret: () => new Secret({ size: secretBytes }).base32,
    address: (name, secret) => codeOf(secret, name).toString(),
    stepOf(secret, code, nowMs) {
      if (!/^\d{6}$/.test(code)) return undefined;
      const delta = codeOf(secret).validate({ token: code, timestamp: nowMs, window });
      return delta === null ? undefined : Math.floor(nowMs / 1_000 / form.period) + delta;
    },
  };
}
