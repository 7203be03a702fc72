/** Exit codes of the process. */
export const exitCodes = {
  /** Success; a hub that stopped has lost nothing. */
  ok: 0,
  /** The hub could not start, a part failed, or the request was rejected. */
  fault: 1,
  /** Wrong arguments or configuration. */
  usage: 2,
  /** The hub stopped, but some readings it had received were not stored. */
  lost: 3,
  /** The hub did not stop in time and was aborted: what it had not stored is lost. */
  stopTimedOut: 4,
  /** A bug in the program itself (EX_SOFTWARE of sysexits.h). */
  crash: 70,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];
