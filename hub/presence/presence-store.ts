import type { Presence } from '../../schemas/api/presence.ts';
import type { LastSession } from './last-session.ts';
import type { LinkTiming } from './watched-link.ts';

export interface PresenceRow extends Presence {
  deviceId: string;
  /** Of its last session; absent before the first. */
  timing?: LinkTiming | undefined;
  session?: LastSession | undefined;
}

export interface PresenceStore {
  /**
   * @param ids only of these, as far as this hub has them: one may have gone to another hub just now; not given: of all devices
   * @param whose `nobodys`: as far as no hub has them
   */
  loadPresence(ids?: readonly string[], whose?: 'ours' | 'nobodys'): Promise<PresenceRow[]>;
  /**
   * Resolves when the rows are on disk, those of one device in their order.
   * @returns whose rows they were; a device that is left out is not ours: it is removed, or another hub's by now
   */
  savePresence(rows: readonly PresenceRow[]): Promise<ReadonlySet<string>>;
}
