/** Deliberate mistakes of a device in handling its commands. */
export interface CommandFaults {
  /** Delay of `received`, ms. */
  slowAckMs?: number;
  /** `received` is never sent; the result is. */
  neverAck?: boolean;
  /** Every result is sent twice. */
  duplicateResult?: boolean;
  /** The power fails once: after a command has started but not acted, or has acted but its result is not stored. */
  dies?: 'before-result' | 'after-act';
}
