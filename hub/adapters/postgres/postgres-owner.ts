/** Which hub writes: every write of a device or a command names it, and changes nothing that is another's. */
export interface PostgresOwner {
  readonly hub: string;
  /** The number of its start. */
  readonly incarnation: number;
}
