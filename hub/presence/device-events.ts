import type { Clock } from '../kernel/time.ts';
import type { PresenceReason, PresenceState } from '../../schemas/presence-states.ts';

/** Something that happened between a device and the hub. */
export type Chapter =
  /** Turned away before the upgrade, by HTTP status. `code`: the hub's word for it. */
  | { kind: 'refused'; status: number; code: string; address: string }
  /** The upgrade is done. */
  | { kind: 'connected'; address: string }
  | { kind: 'opened'; epoch: number; boot: string; firmware: string | undefined }
  | { kind: 'replaced'; address: string; boot: string }
  /** Two sockets fought for the id: this one was told to wait. */
  | { kind: 'held'; address: string; boot: string }
  | { kind: 'throttled'; code: 'rate' | 'overloaded' }
  | { kind: 'bye'; sleepSec: number | undefined }
  | { kind: 'drained'; slotMs: number }
  /** `by`: who began the close; `link`: nobody did, the connection broke. `code`: RFC 6455 §7.4. */
  | { kind: 'closed'; by: 'hub' | 'device' | 'link'; code: number; reason: string }
  | { kind: 'presence'; state: PresenceState; reason: PresenceReason };

export type StoryEntry = Chapter & {
  /** Unix ms. */
  atMs: number;
  /** How often in a row, when more than once; `lastMs` is the last of them. */
  times?: number;
  lastMs?: number;
};

/** Entries kept of one device. */
const keptEntries = 32;
/** Of them, refusals before the upgrade: whoever knows an id can cause them, and must not push out what is true. */
const keptRefusals = 8;

/**
 * The recent story of every device, for those who ask why it is not online: a bounded ring each. What happens
 * again in the same way is counted, so that one noisy cause does not push out the others.
 */
export class Stories {
  readonly #clock: Clock;
  readonly #stories = new Map<string, StoryEntry[]>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  tell(deviceId: string, chapter: Chapter): void {
    const nowMs = this.#clock.now();
    let story = this.#stories.get(deviceId);
    if (story === undefined) {
      story = [];
      this.#stories.set(deviceId, story);
    }
    const last = story.at(-1);
    if (last !== undefined && isRepeat(last, chapter)) {
      last.times = (last.times ?? 1) + 1;
      last.lastMs = nowMs;
      return;
    }
    story.push({ ...chapter, atMs: nowMs });
    const refusals = story.filter(({ kind }) => kind === 'refused').length;
    if (refusals > keptRefusals) {
      story.splice(
        story.findIndex(({ kind }) => kind === 'refused'),
        1,
      );
    }
    if (story.length > keptEntries) story.shift();
  }

  /** Oldest first. */
  of(deviceId: string): readonly StoryEntry[] {
    return this.#stories.get(deviceId) ?? [];
  }

  removed(deviceId: string): void {
    this.#stories.delete(deviceId);
  }
}

/** Only what comes in bursts, and says the same each time. */
function isRepeat(last: StoryEntry, next: Chapter): boolean {
  switch (next.kind) {
    case 'refused':
      return last.kind === 'refused' && last.code === next.code && last.address === next.address;
    case 'throttled':
      return last.kind === 'throttled' && last.code === next.code;
    case 'held':
      return last.kind === 'held' && last.address === next.address;
    case 'connected':
    case 'opened':
    case 'replaced':
    case 'bye':
    case 'drained':
    case 'closed':
    case 'presence':
      return false;
  }
}
