import { ConsoleSessions } from '../../../hub/operators/console-sessions.ts';
import type { ConsoleSessionStore, StoredSession } from '../../../hub/operators/console-sessions.ts';
import { HubError } from '../../../hub/kernel/errors.ts';
import { ManualClock } from '../clock.ts';
import { silentLog } from '../silent-log.ts';

export class MemoryConsoleSessionStore implements ConsoleSessionStore {
  readonly sessions = new Map<string, StoredSession>();
  fails = false;

  /** By hash, as a database gives rows in the order of their key. */
  load(): Promise<StoredSession[]> {
    return Promise.resolve([...this.sessions.values()].toSorted((a, b) => (a.hash < b.hash ? -1 : 1)));
  }

  add(session: StoredSession): Promise<void> {
    if (this.fails) return Promise.reject(new HubError('database-failed'));
    this.sessions.set(session.hash, session);
    return Promise.resolve();
  }

  used({ hash }: StoredSession, usedMs: number): Promise<void> {
    if (this.fails) return Promise.reject(new HubError('database-failed'));
    const known = this.sessions.get(hash);
    if (known !== undefined) this.sessions.set(hash, { ...known, usedMs });
    return Promise.resolve();
  }

  remove(hash: string): Promise<void> {
    if (this.fails) return Promise.reject(new HubError('database-failed'));
    this.sessions.delete(hash);
    return Promise.resolve();
  }
}

/** The console's logins with their store in memory. */
export function consoleLogins(clock = new ManualClock(), store = new MemoryConsoleSessionStore()) {
  const sessions = new ConsoleSessions({ store, clock, log: silentLog, shared: true });
  const signIn = async (actor: string, kind: 'browser' | 'screen' = 'browser'): Promise<string> =>
    (await sessions.open(actor, { grant: `grant of ${actor}`, kind, address: '192.0.2.1', secure: false }))
      .cookie;
  /** As after a restart of the hub: what is on disk is all that it knows. */
  async function restarted(grantOf = (actor: string): string | undefined => `grant of ${actor}`) {
    const next = consoleLogins(clock, store);
    await next.sessions.load(grantOf);
    return next.sessions;
  }
  return { clock, store, sessions, signIn, restarted };
}
