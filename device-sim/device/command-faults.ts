/** What a device may do wrong with its commands, on purpose. */
export interface CommandFaults {
  /** `received` goes out so much later, ms. */
  slowAckMs?: number;
  /** `received` never goes out; the result does. */
  neverAck?: boolean;
  /** Every result goes out twice. */
  duplicateResult?: boolean;
  /** The power goes once: when a command has begun and not acted yet, or has acted and its result is not kept yet. */
  dies?: 'before-result' | 'after-act';
}
