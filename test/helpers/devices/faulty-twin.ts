/** The twin of a device with a fault; see faulty-device.ts. */

interface Frame {
  type: string;
  [field: string]: unknown;
}

interface Settings {
  intervalSec?: number;
  alias?: string;
  offset?: { temperature?: number };
}

/** What outlives a reboot. */
export interface KeptTwin {
  rev?: number;
  state: Settings;
}

export interface FaultyParts {
  has: (fault: string) => boolean;
  send: (frame: Frame) => void;
}

export class FaultyTwin {
  readonly #parts: FaultyParts & { kept: KeptTwin; save: () => void };
  #reports = 0;
  #owed: Frame | undefined;
  #newest: Frame | undefined;
  #hasHeard = false;

  constructor(parts: FaultyParts & { kept: KeptTwin; save: () => void }) {
    this.#parts = parts;
  }

  /** For the hello. */
  get rev(): number | undefined {
    return this.#parts.has('forgets-revision') ? undefined : this.#parts.kept.rev;
  }

  welcomed(desired: unknown): void {
    const { has } = this.#parts;
    if (desired !== undefined) this.desired(desired as { rev: number; state: Settings });
    else if (this.#newest === undefined && !has('silent-after-reboot')) this.#report();
    else if (has('reports-acked-again')) this.#send(this.#newest);
    else if (!has('report-once')) this.#send(this.#owed);
  }

  desired({ rev, state }: { rev: number; state: Settings }): void {
    const { has, kept, save } = this.#parts;
    if (has('ignores-desired') || (has('report-once') && this.#hasHeard)) return;
    kept.rev = rev;
    if (has('keeps-settings')) kept.state = { ...kept.state, ...state };
    else if (!(has('first-setting-wins') && this.#hasHeard)) kept.state = state;
    this.#hasHeard = true;
    save();
    this.#report();
  }

  acked(id: string): void {
    if (this.#owed?.['id'] === id) this.#owed = undefined;
  }

  nacked({ re, retry, retryAfterMs = 1_000 }: Frame): void {
    const { has } = this.#parts;
    if (this.#owed?.['id'] !== re) return;
    if (retry === true)
      setTimeout(() => this.#send(this.#owed), has('retries-at-once') ? 0 : Number(retryAfterMs));
    else if (has('reports-for-good')) setTimeout(() => this.#send(this.#owed), 200);
    else this.#owed = undefined;
  }

  #report(): void {
    const { has, kept } = this.#parts;
    const { intervalSec = 10, alias = null, offset = {} } = has('reports-defaults') ? {} : kept.state;
    this.#reports += 1;
    const frame = {
      type: 'reported',
      id: `twin-${this.#reports}`,
      patch: { intervalSec, alias, offset: { temperature: offset.temperature ?? 0 } },
      ...(kept.rev === undefined ? {} : { desiredRev: kept.rev }),
    };
    this.#owed = frame;
    this.#newest = frame;
    this.#send(frame);
  }

  #send(frame: Frame | undefined): void {
    if (frame !== undefined) this.#parts.send(frame);
  }
}
