import type { LiveCounts } from '../../../../schemas/api/live.ts';

/** What another hub says of its own devices. The rest is the same at every hub. */
const ofOthers: ReadonlySet<string> = new Set([
  'device',
  'reading',
  'nack',
  'frames',
  'command',
  'group-command',
  'incident',
]);

type Rates = Pick<LiveCounts, 'messagesPerSec' | 'storedPerSec'>;

/** The live feeds of several hubs as one. Each hub says the rates of its own devices: they are added up. */
export class MergedFeed {
  readonly #send: (text: string) => void;
  readonly #rates = new Map<string, Rates>();

  constructor(send: (text: string) => void) {
    this.#send = send;
  }

  /** A message of this hub. */
  own(text: string): void {
    if (this.#rates.size === 0 || kindOf(text) !== 'counts') {
      this.#send(text);
      return;
    }
    const counts = JSON.parse(text) as LiveCounts;
    let { messagesPerSec, storedPerSec } = counts;
    for (const rates of this.#rates.values()) {
      messagesPerSec += rates.messagesPerSec;
      storedPerSec += rates.storedPerSec;
    }
    this.#send(JSON.stringify({ ...counts, messagesPerSec, storedPerSec }));
  }

  /** A message of another hub. */
  ofOther(hub: string, text: string): void {
    const kind = kindOf(text);
    if (kind === 'counts') {
      const { messagesPerSec, storedPerSec } = JSON.parse(text) as LiveCounts;
      this.#rates.set(hub, { messagesPerSec, storedPerSec });
    } else if (kind === 'fleet') {
      // Presence and devices are known here, too; the times of readings are not.
      const { devices } = JSON.parse(text) as { devices: readonly unknown[] };
      if (devices.length > 0) this.#send(JSON.stringify({ t: 'fleet', devices, removed: [], added: [] }));
    } else if (ofOthers.has(kind)) this.#send(text);
  }
}

/** Hubs write `t` first. */
function kindOf(text: string): string {
  return /^\{"t":"([a-z-]+)"/.exec(text)?.[1] ?? '';
}
