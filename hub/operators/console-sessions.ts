import { createHash, randomBytes } from 'node:crypto';
import type { ConsoleSession } from '../../schemas/api/operators.ts';
import { HubError, messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { Clock } from '../../schemas/time/clock.ts';
import { hashToken } from './passwords.ts';

/**
 * `browser`: of a person, who signs in again after an hour without use or after twelve hours. `screen`: of a screen on a
 * wall, which may only look, and stays signed in while it is used at least every 90 days.
 */
export type SessionKind = ConsoleSession['kind'];

const limits: Readonly<Record<SessionKind, { idleMs: number; maxLifeMs: number }>> = {
  browser: { idleMs: 3_600_000, maxLifeMs: 12 * 3_600_000 },
  screen: { idleMs: 90 * 86_400_000, maxLifeMs: Infinity },
};
/** Browsers one actor is signed in with; the one signed in first goes. */
const maxSessionsOfActor = 20;
const maxSessions = 1_000;
/** For this long after a login at another hub, its account may be newer than what is known of it here. */
const settlingMs = 60_000;
/** Digits of the hash that name a session in lists: enough to tell sessions apart, too few to help a guesser. */
const idDigits = 16;

export interface StoredSession extends Omit<ConsoleSession, 'id'> {
  /** Its cookie is for https only. */
  secure: boolean;
  /** SHA-256 of the cookie, hex. */
  hash: string;
  /** The account or token as it was at the login, see `Operators.grantOf`: any change of it ends the session. */
  grant: string;
}

/** Of the cookie in the browser. */
interface CookieRules {
  secure: boolean;
  /** How long the browser keeps it, s; undefined: until it is closed. */
  maxAgeSec: number | undefined;
}

/** By the hash of the cookie. Every method may reject with HubError `database-failed`. */
export interface ConsoleSessionStore {
  load(): Promise<StoredSession[]>;
  add(session: StoredSession): Promise<void>;
  /** Unless another hub has ended it. @param known as it was last read */
  used(known: StoredSession, usedMs: number): Promise<void>;
  remove(hash: string): Promise<void>;
}

export interface ConsoleSessionsDeps {
  store: ConsoleSessionStore;
  clock: Clock;
  log: Log;
  /** Other hubs sign in the same people. */
  shared?: boolean;
}

/** With the times by which it ends: a machine whose clock is set signs nobody out. */
interface LiveSession extends StoredSession {
  /** Monotonic ms. */
  openedAt: number;
  usedAt: number;
  /** Used since it was last saved. */
  unsaved?: true;
}

/** The console's logins, by the hash of the cookie. They outlive a restart; the cookie itself is stored nowhere. */
export class ConsoleSessions {
  readonly #deps: ConsoleSessionsDeps;
  readonly #sessions = new Map<string, LiveSession>();
  /** Sessions opened and ended here, and those of them that are not on disk yet. */
  #writes = 0;
  #writing = 0;
  /** Sessions that ended because their person signed in too often. */
  pushedOut = 0;
  /** Changes that are not on disk: such a session is lost at a restart, or its last use is. */
  saveFailures = 0;

  constructor(deps: ConsoleSessionsDeps) {
    this.#deps = deps;
  }

  /**
   * Goes on with the sessions of an earlier run whose accounts and tokens are still as they were.
   * @param grantOf what `StoredSession.grant` of the actor's sessions must be; undefined: the account or token is gone
   */
  async load(grantOf: (actor: string) => string | undefined): Promise<void> {
    for (const session of await this.#deps.store.load()) this.#takeUp(session, grantOf);
    this.#sweep();
  }

  /**
   * Reads again what other hubs have opened, used and ended.
   * @param grantOf as for `load`
   * @throws HubError `database-failed`
   */
  async refresh(grantOf: (actor: string) => string | undefined): Promise<void> {
    const writes = this.#writes;
    const stored = new Map((await this.#deps.store.load()).map((session) => [session.hash, session]));
    // Changed here in the meantime: the next look sees both.
    if (this.#writes !== writes || this.#writing > 0) return;
    for (const hash of this.#sessions.keys()) if (!stored.has(hash)) this.#sessions.delete(hash);
    for (const session of stored.values()) this.#takeUp(session, grantOf);
  }

  /** @returns when the session is on disk: the cookie with its rules, and the token against forged requests */
  async open(
    actor: string,
    how: Pick<StoredSession, 'grant' | 'kind' | 'address' | 'secure'>,
  ): Promise<{ cookie: string; csrf: string; rules: CookieRules }> {
    const { store, clock } = this.#deps;
    const cookie = randomBytes(32).toString('base64url');
    const hash = hashToken(cookie);
    const own = this.#oldestFirst().filter((session) => session.actor === actor);
    if (own.length >= maxSessionsOfActor && own[0] !== undefined) {
      this.#end(own[0].hash);
      this.pushedOut += 1;
    }
    const now = clock.now();
    const times = { openedMs: now, usedMs: now };
    const stored: StoredSession = { hash, actor, ...how, ...times };
    const at = clock.monotonic();
    this.#sessions.set(hash, { ...stored, openedAt: at, usedAt: at });
    const [oldest] = this.#oldestFirst();
    if (this.#sessions.size > maxSessions && oldest !== undefined) this.#end(oldest.hash);
    await this.#tried(this.#written(store.add(stored)));
    return { cookie, csrf: csrfOf(cookie), rules: rulesOf(stored) };
  }

  /** The session of this cookie; asking for it counts as its use. */
  find(cookie: string): { actor: string; csrf: string; rules: CookieRules } | undefined {
    const session = this.#live(cookie);
    if (session === undefined) return undefined;
    this.#use(session);
    return { actor: session.actor, csrf: csrfOf(cookie), rules: rulesOf(session) };
  }

  /** Whether there is one still. Asking does not count as its use, but of a screen: that is used while its page is open. */
  lives(cookie: string): boolean {
    const session = this.#live(cookie);
    if (session?.kind === 'screen') this.#use(session);
    return session !== undefined;
  }

  /** Resolves when a restart would not bring it back. @throws HubError `database-failed` */
  async close(cookie: string): Promise<void> {
    await this.#remove(hashToken(cookie));
  }

  /** Ends the session with this id. @throws HubError `session-unknown` · `database-failed` */
  async revoke(id: string): Promise<void> {
    const hash = [...this.#sessions.keys()].find((each) => idOf(each) === id);
    if (hash === undefined) throw new HubError('session-unknown', id, { details: { id } });
    await this.#remove(hash);
  }

  /** The account or token has changed: every session of it ends. */
  closeAll(actor: string): void {
    for (const session of this.#sessions.values()) if (session.actor === actor) this.#end(session.hash);
  }

  /** Newest first. */
  list(): ConsoleSession[] {
    this.#sweep();
    return this.#oldestFirst()
      .toReversed()
      .map(({ hash, actor, kind, address, ...session }) => {
        const { openedMs } = session;
        return { id: idOf(hash), actor, kind, address, openedMs, usedMs: this.#usedMs(session) };
      });
  }

  /** Saves which sessions were used lately, and forgets those that are over. To be called every minute, and at the end. */
  async save(): Promise<void> {
    this.#sweep();
    const used = [...this.#sessions.values()].filter(({ unsaved }) => unsaved === true);
    // Calls of one moment share one commit.
    await Promise.all(
      used.map((session) => {
        delete session.unsaved;
        const { openedAt: _openedAt, usedAt: _usedAt, ...stored } = session;
        const usedMs = this.#usedMs(session);
        return this.#tried(this.#deps.store.used(stored, usedMs));
      }),
    );
  }

  /** By when they were opened, also those that were taken up from an earlier run or another hub. */
  #oldestFirst(): LiveSession[] {
    return [...this.#sessions.values()].toSorted((a, b) => a.openedAt - b.openedAt);
  }

  /**
   * A session as it is stored; one whose account or token has changed since ends. Shortly after a login at another hub it is
   * only passed over, because the account may be the newer one there: ending it would sign out somebody who has just signed in.
   */
  #takeUp(stored: StoredSession, grantOf: (actor: string) => string | undefined): void {
    const { clock, shared } = this.#deps;
    const { hash, actor, grant, openedMs, usedMs } = stored;
    const ageOf = (timeMs: number): number => Math.max(0, clock.now() - timeMs);
    const usedAt = clock.monotonic() - ageOf(usedMs);
    const known = this.#sessions.get(hash);
    if (known !== undefined) known.usedAt = Math.max(known.usedAt, usedAt);
    else if (grantOf(actor) === grant)
      this.#sessions.set(hash, { ...stored, openedAt: clock.monotonic() - ageOf(openedMs), usedAt });
    else if (shared !== true || ageOf(openedMs) > settlingMs) this.#end(hash);
  }

  #use(session: LiveSession): void {
    session.usedAt = this.#deps.clock.monotonic();
    session.unsaved = true;
  }

  #usedMs({ usedAt }: Pick<LiveSession, 'usedAt'>): number {
    const { clock } = this.#deps;
    return Math.round(clock.now() - (clock.monotonic() - usedAt));
  }

  #live(cookie: string): LiveSession | undefined {
    const session = this.#sessions.get(hashToken(cookie));
    if (session === undefined || !this.#isOver(session)) return session;
    this.#end(session.hash);
    return undefined;
  }

  #isOver({ kind, openedAt, usedAt }: LiveSession): boolean {
    const now = this.#deps.clock.monotonic();
    const { idleMs, maxLifeMs } = limits[kind];
    return now - usedAt >= idleMs || now - openedAt >= maxLifeMs;
  }

  #sweep(): void {
    for (const session of this.#sessions.values()) if (this.#isOver(session)) this.#end(session.hash);
  }

  /** One whose end need not be waited for: time or its account would end it after a restart too. */
  #end(hash: string): void {
    void this.#tried(this.#remove(hash));
  }

  #remove(hash: string): Promise<void> {
    this.#sessions.delete(hash);
    return this.#written(this.#deps.store.remove(hash));
  }

  async #written(write: Promise<void>): Promise<void> {
    this.#writes += 1;
    this.#writing += 1;
    try {
      await write;
    } finally {
      this.#writing -= 1;
    }
  }

  async #tried(change: Promise<void>): Promise<void> {
    try {
      await change;
    } catch (error) {
      this.saveFailures += 1;
      this.#deps.log.error({ error: messageOf(error) }, 'console session not saved');
    }
  }
}

function idOf(hash: string): string {
  return hash.slice(0, idDigits);
}

function rulesOf({ kind, secure }: StoredSession): CookieRules {
  return { secure, maxAgeSec: kind === 'screen' ? limits.screen.idleMs / 1000 : undefined };
}

/**
 * What a page must show to change anything; a foreign page cannot read it. Derived, so that whoever reads the state
 * learns neither it nor the cookie.
 */
function csrfOf(cookie: string): string {
  return createHash('sha256').update(`csrf ${cookie}`).digest('base64url');
}
