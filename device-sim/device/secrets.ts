/** The secrets a device keeps: two for a while during a rotation. */
export interface KeptSecrets {
  secret: string;
  /** Offered by the hub, but not proven yet. */
  next?: string;
}

/** Storage that survives a reboot. */
export interface SecretStore {
  load(): KeptSecrets | undefined;
  /** Returns when they are stored durably. */
  save(kept: KeptSecrets): void;
}

/**
 * The device's side of a rotation. The old secret is discarded only when a session that was opened with the next one
 * has its welcome. If the hub rejects the next secret, the old one is tried again: one of the two is always valid.
 */
export class Secrets {
  readonly #store: SecretStore | undefined;
  #kept: KeptSecrets;
  #tryingOld = false;

  constructor(secret: string, store?: SecretStore) {
    this.#store = store;
    this.#kept = store?.load() ?? { secret };
  }

  /** The secret to connect with. */
  get current(): string {
    return this.#tryingOld ? this.#kept.secret : (this.#kept.next ?? this.#kept.secret);
  }

  /** The hub offers a new secret; it is stored before it is used. */
  offered(next: string): void {
    this.#keep({ secret: this.#kept.secret, next });
    this.#tryingOld = false;
  }

  /** A session that was opened with `current` has its welcome. */
  proven(): void {
    if (this.#kept.next !== undefined && !this.#tryingOld) this.#keep({ secret: this.#kept.next });
  }

  /** The hub rejected `current` (401). @returns whether the other secret is worth an immediate attempt */
  refused(): boolean {
    if (this.#kept.next === undefined) return false;
    this.#tryingOld = !this.#tryingOld;
    return this.#tryingOld;
  }

  #keep(kept: KeptSecrets): void {
    this.#store?.save(kept);
    this.#kept = kept;
  }
}
