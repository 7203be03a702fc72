/** The hub that writes. Every write about a device or a command names it, and changes nothing that belongs to another hub. */
export interface PostgresOwner {
  readonly hub: string;
  /** The number of the hub's start. */
  readonly incarnation: number;
}
