/** What a device keeps of its secret: over a rotation it has two for a while. */
export interface KeptSecrets {
  secret: string;
  /** Offered by the hub, and not proven yet. */
  next?: string;
}

/** Where they outlive a reboot. */
export interface SecretStore {
  load(): KeptSecrets | undefined;
  /** Returns when they are kept for good. */
  save(kept: KeptSecrets): void;
}

/**
 * The device's side of a rotation. The old secret is given up only when a session opened with the next one has
 * its welcome, and is tried again when the hub refuses the next one: at every moment one of the two is right.
 */
export class Secrets {
  readonly #store: SecretStore | undefined;
  #kept: KeptSecrets;
  #tryingOld = false;

  constructor(secret: string, store?: SecretStore) {
    this.#store = store;
    this.#kept = store?.load() ?? { secret };
  }

  /** To connect with. */
  get current(): string {
    return this.#tryingOld ? this.#kept.secret : (this.#kept.next ?? this.#kept.secret);
  }

  /** The hub offers a new one; it is kept before it is used. */
  offered(next: string): void {
    this.#keep({ secret: this.#kept.secret, next });
    this.#tryingOld = false;
  }

  /** A session opened with `current` has its welcome. */
  proven(): void {
    if (this.#kept.next !== undefined && !this.#tryingOld) this.#keep({ secret: this.#kept.next });
  }

  /** The hub refused `current` (401). @returns whether the other one is worth a try at once */
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
