import type { WatchedLink } from '../presence/watched-link.ts';
import type { Closer } from '../presence/presence.ts';
import { noteUptime } from './boot-notes.ts';
import type { DeviceSession } from './device-session.ts';
import { countLoss } from './session-counters.ts';
import type { SessionDeps } from './session-deps.ts';

/** Who ended a session, and how. */
export interface SessionEnd {
  by: Closer;
  /** Of the close frame (RFC 6455 §7.4). */
  code: number;
  reason: string;
  /** A newer session of the device took over. */
  replaced: boolean;
}

/**
 * Who is notified of the end of one session, each once. Sockets and timers end sessions too, and nobody above them
 * catches a fault: so a part that throws is logged, and the others are notified all the same.
 */
export class SessionEnding {
  readonly #deps: SessionDeps;
  readonly #session: DeviceSession & WatchedLink;
  #requestsEnded = false;

  constructor(deps: SessionDeps, session: DeviceSession & WatchedLink) {
    this.#deps = deps;
    this.#session = session;
  }

  /** Commands, desired states and updates end. Called at the goodbye and at the end; whichever comes first counts. */
  endRequests(replaced = false): void {
    if (this.#requestsEnded) return;
    this.#requestsEnded = true;
    const { commands, twins, updates } = this.#deps;
    this.#guarded(() => commands[replaced ? 'sessionReplaced' : 'sessionClosed'](this.#session));
    this.#guarded(() => twins.sessionClosed(this.#session));
    this.#guarded(() => updates.sessionClosed(this.#session));
  }

  /** @param before the phase that ended @param uptimeMs of the device, as it last said */
  ended(before: 'new' | 'opening' | 'open', end: SessionEnd, uptimeMs: number): void {
    const session = this.#session;
    const { deviceId } = session;
    const { counters, sessions, deviceEvents, presence, commands } = this.#deps;
    const { replaced, ...how } = end;
    if (how.by !== 'hub') countLoss(counters, how.code);
    const hasAnother = sessions.ended(session);
    deviceEvents.record(deviceId, { kind: 'closed', ...how });
    // It had taken over from an older session, in vain.
    if (before === 'opening' && !hasAnother)
      for (const part of [presence, commands]) this.#guarded(() => part.takeoverFailed(deviceId, how.by));
    if (before !== 'open') return;
    noteUptime(this.#deps, deviceId, session.boot, uptimeMs);
    this.endRequests(replaced);
    if (!replaced) this.#guarded(() => presence.closed(deviceId, session, how.by));
  }

  #guarded(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#deps.counters.exceptions += 1;
      this.#deps.log.error({ device: this.#session.deviceId, err: error }, 'session not ended well');
    }
  }
}
