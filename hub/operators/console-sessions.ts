import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../schemas/time/clock.ts';
import { hashToken } from './passwords.ts';

/** Unused for an hour, or twelve hours old: the person signs in again. */
const idleMs = 3_600_000;
const maxLifeMs = 12 * 3_600_000;
/** Browsers one person is signed in with; the one signed in first goes. */
const maxSessionsOfActor = 20;
const maxSessions = 1_000;

interface ConsoleSession {
  actor: string;
  /** What a page must show to change anything; a foreign page cannot read it. */
  csrf: string;
  openedMs: number;
  usedMs: number;
}

/** The console's logins, by the hash of the cookie. They are in memory: a restart signs everybody out. */
export class ConsoleSessions {
  readonly #clock: Clock;
  readonly #sessions = new Map<string, ConsoleSession>();
  /** Sessions that ended because their person signed in too often. */
  pushedOut = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @returns the cookie's value, and the token against forged requests */
  open(actor: string): { cookie: string; csrf: string } {
    const cookie = randomBytes(32).toString('base64url');
    const csrf = randomBytes(32).toString('base64url');
    const now = this.#clock.monotonic();
    const own = [...this.#sessions].filter(([, session]) => session.actor === actor);
    const [first] = own;
    if (own.length >= maxSessionsOfActor && first !== undefined) {
      this.#sessions.delete(first[0]);
      this.pushedOut += 1;
    }
    this.#sessions.set(hashToken(cookie), { actor, csrf, openedMs: now, usedMs: now });
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size > maxSessions && oldest !== undefined) this.#sessions.delete(oldest);
    return { cookie, csrf };
  }

  /** The session of this cookie; asking for it counts as its use. */
  find(cookie: string): { actor: string; csrf: string } | undefined {
    const session = this.#live(cookie);
    if (session !== undefined) session.usedMs = this.#clock.monotonic();
    return session;
  }

  /** Whether there is one still; asking does not count as its use. */
  lives(cookie: string): boolean {
    return this.#live(cookie) !== undefined;
  }

  close(cookie: string): void {
    this.#sessions.delete(hashToken(cookie));
  }

  #live(cookie: string): ConsoleSession | undefined {
    const key = hashToken(cookie);
    const session = this.#sessions.get(key);
    if (session === undefined) return undefined;
    const now = this.#clock.monotonic();
    if (now - session.usedMs < idleMs && now - session.openedMs < maxLifeMs) return session;
    this.#sessions.delete(key);
    return undefined;
  }

  /** The person's rights have changed: every session of theirs ends. */
  closeAll(actor: string): void {
    for (const [key, session] of this.#sessions) if (session.actor === actor) this.#sessions.delete(key);
  }
}

/** Constant time. */
export function csrfHolds(expected: string, given: string | undefined): boolean {
  const one = Buffer.from(expected);
  const other = Buffer.from(given ?? '');
  return one.length === other.length && timingSafeEqual(one, other);
}
