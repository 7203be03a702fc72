import { randomBytes } from 'node:crypto';
import type { Clock } from '../../schemas/time/clock.ts';
import { LeakyBuckets } from '../kernel/leaky-buckets.ts';
import { hashToken } from './passwords.ts';

/** Codes that change every 30 seconds, as authenticator apps show them (RFC 6238). */
export interface OneTimeCodes {
  /** A new shared secret, base32. */
  newSecret(): string;
  /** What a QR code for the app holds: an `otpauth:` address. @param name of the account */
  address(name: string, secret: string): string;
  /** The step of 30 seconds since 1970 whose code this is; undefined: of none about now. */
  stepOf(secret: string, code: string, nowMs: number): number | undefined;
}

/** What an account asks for besides the password. */
export interface SecondFactor {
  /** Shared with the app of the person, base32. */
  secret: string;
  /** The newest step whose code was used: a code is taken once (RFC 6238 §5.2). */
  usedStep: number;
  /** Of the recovery codes that were not used yet. */
  recoveryHashes: readonly string[];
}

export type CodeUse =
  { kind: 'right'; factor: SecondFactor } | { kind: 'wrong' } | { kind: 'throttled'; waitMs: number };

/**
 * Of an account: five wrong codes, then one a minute. Whoever is asked for a code knows the password already, so that strangers
 * cannot keep a person out; and a right code waits too, because a million codes are soon tried.
 */
const limit = { burst: 5, everyMs: 60_000 };
const recoveryCodes = 10;
/** 50 random bits in letters and digits that are not mistaken for one another (RFC 4648 §6). */
const recoveryChars = 10;
const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** Judges the codes of authenticator apps, and recovery codes in their place. */
export class SecondFactors {
  readonly codes: OneTimeCodes;
  readonly #clock: Clock;
  readonly #wrong: LeakyBuckets;

  constructor({ clock, codes }: { clock: Clock; codes: OneTimeCodes }) {
    this.codes = codes;
    this.#clock = clock;
    this.#wrong = new LeakyBuckets(clock, limit);
  }

  /** @param name of the account @returns with the factor as it is after the code was used */
  use(name: string, factor: SecondFactor, code: string): CodeUse {
    const waitMs = this.#wrong.waitMs(name);
    if (waitMs > 0) return { kind: 'throttled', waitMs };
    const step = this.codes.stepOf(factor.secret, code.replaceAll(/\s/g, ''), this.#clock.now());
    if (step !== undefined && step > factor.usedStep)
      return { kind: 'right', factor: { ...factor, usedStep: step } };
    const hash = recoveryHash(code);
    if (factor.recoveryHashes.includes(hash)) {
      const recoveryHashes = factor.recoveryHashes.filter((each) => each !== hash);
      return { kind: 'right', factor: { ...factor, recoveryHashes } };
    }
    this.#wrong.add(name);
    return { kind: 'wrong' };
  }
}

/** @returns the codes, shown this once, and what is kept of them */
export function newRecoveryCodes(): { codes: string[]; hashes: string[] } {
  const codes = Array.from({ length: recoveryCodes }, () => {
    const text = [...randomBytes(recoveryChars)].map((byte) => base32[byte % base32.length]).join('');
    return `${text.slice(0, 5)}-${text.slice(5)}`;
  });
  return { codes, hashes: codes.map(recoveryHash) };
}

function recoveryHash(code: string): string {
  return hashToken(code.toUpperCase().replaceAll(/[^A-Z2-7]/g, ''));
}
