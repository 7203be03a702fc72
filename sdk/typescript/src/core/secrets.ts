import { loadSlot, saveSlot, type Complain, type HubMemory } from './ports.ts';

/** The secrets a device keeps: two for a while during a rotation. */
export interface KeptSecrets {
  secret: string;
  /** Offered by the hub, but not proven yet. */
  next?: string;
  /** That of the settings when the hub gave these. With another one in the settings, the device was registered anew. */
  given?: string;
}

/**
 * The device's side of a rotation. The old secret is discarded only when a session that was opened with the next one
 * has its welcome. If the hub rejects the next secret, the old one is tried again: one of the two is always valid.
 */
export class Secrets {
  readonly #memory: HubMemory | undefined;
  readonly #complain: Complain;
  readonly #given: string;
  #kept: KeptSecrets;
  #tryingOld = false;

  /** @param given the first one, or '' for a device that has only what the memory has; that goes before it as long as it follows from it */
  constructor(given: string, memory: HubMemory | undefined, complain: Complain) {
    this.#given = given;
    this.#memory = memory;
    this.#complain = complain;
    const kept = loadSlot(memory, 'secret', isKeptSecrets);
    if (kept === 'damaged') complain('the kept secret is damaged; the one of the settings is used');
    const holds =
      kept !== undefined &&
      kept !== 'damaged' &&
      (kept.given === undefined || given === '' || kept.given === given);
    this.#kept = holds ? kept : { secret: given };
  }

  /** The secret to connect with. */
  get current(): string {
    return this.#tryingOld ? this.#kept.secret : (this.#kept.next ?? this.#kept.secret);
  }

  /** The hub offers a new secret. @returns whether it is stored: only then it may be used */
  offered(next: string): boolean | Promise<boolean> {
    const keep = (saved: boolean): boolean => {
      if (saved) {
        this.#kept = { ...this.#kept, next };
        this.#tryingOld = false;
      }
      return saved;
    };
    const saved = this.#save({ ...this.#kept, next });
    return typeof saved === 'boolean' ? keep(saved) : saved.then(keep);
  }

  /** A session that was opened with `current` has its welcome. */
  proven(): void {
    if (this.#kept.next === undefined || this.#tryingOld) return;
    const { next, given } = this.#kept;
    this.#kept = { secret: next, ...(given === undefined ? {} : { given }) };
    void this.#save(this.#kept);
  }

  /** The hub rejected `current` (401). @returns whether the other secret is worth an immediate attempt */
  refused(): boolean {
    if (this.#kept.next === undefined) return false;
    this.#tryingOld = !this.#tryingOld;
    return this.#tryingOld;
  }

  #save(kept: KeptSecrets): boolean | Promise<boolean> {
    // Without one in the settings it stays that of the first time.
    const given = this.#given || this.#kept.given;
    return saveSlot(this.#memory, 'secret', given === undefined ? kept : { ...kept, given }, this.#complain);
  }
}

/** Whether this is what a slot `secret` has. */
export function isKeptSecrets(value: unknown): value is KeptSecrets {
  if (typeof value !== 'object' || value === null || !('secret' in value)) return false;
  const next = 'next' in value ? value.next : undefined;
  const given = 'given' in value ? value.given : undefined;
  return (
    typeof value.secret === 'string' &&
    [next, given].every((text) => text === undefined || typeof text === 'string')
  );
}
