/** A device type as somebody wrote it. */
export interface StoredType {
  /** `NAME@VERSION`. */
  readonly id: string;
  readonly definition: unknown;
}

/** The device types of several hubs. Every method may reject with HubError `database-failed`. */
export interface DeviceTypeStore {
  /** Rises with each change; 0: there are none yet. */
  rev(): Promise<number>;
  load(): Promise<{ rev: number; types: StoredType[] }>;
  /** Adds or replaces these, unless something has changed since `rev`. @returns whether it did */
  put(rev: number, types: readonly StoredType[]): Promise<boolean>;
}
