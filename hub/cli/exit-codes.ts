/** What the process says when it ends. */
export const exitCodes = {
  /** Done; a stopped hub has lost nothing. */
  ok: 0,
  /** The hub could not start, a part failed, or what was asked for was refused. */
  fault: 1,
  /** Wrong arguments or configuration. */
  usage: 2,
  /** The hub stopped, and readings it had taken were not stored. */
  lost: 3,
  /** The hub did not stop within its time and was cut off: what it still held is lost. */
  stopTimedOut: 4,
  /** A fault of the program itself (EX_SOFTWARE of sysexits.h). */
  crash: 70,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];
