/** A hub that has started, as whoever started it sees it. */
export interface RunningHub {
  /** `wss://host:port/v1/device` */
  deviceUrl: string;
  adminUrl: string;
  /** Address of the embedded broker. */
  brokerUrl?: string | undefined;
  /** The one-time code that creates the first admin account, if there is no account yet. */
  firstLogin?: string | undefined;
  /** Drains and stops. `lost`: points received and not stored; `faults`: parts that failed to close. */
  close(): Promise<{ lost: number; faults: { name: string; error: unknown }[] }>;
  /** Resolves with the fault when a part dies that the hub cannot run without. */
  failed: Promise<Error>;
}
