/**
 * Every fault that stops an operation, in one table: code → what it says, and whether trying again may help.
 * Expected outcomes (a refused reading, a busy device) are unions with a `kind`, not errors.
 */
const table = {
  'config-invalid': { message: 'the configuration is not valid', retryable: false },
  'address-in-use': { message: 'the address is in use', retryable: false },
  'tls-invalid': { message: 'the TLS key or certificate cannot be used', retryable: false },
  'schema-invalid': { message: 'a device type is not valid', retryable: false },
  'data-dir-in-use': { message: 'another hub uses this data folder', retryable: false },
  'data-dir-invalid': { message: 'the data folder cannot be used', retryable: false },
  'database-failed': { message: 'the state database answered with an error', retryable: true },
  'store-unavailable': { message: 'the metrics store does not answer', retryable: true },
  'bus-unavailable': { message: 'the MQTT broker does not answer', retryable: true },
  'bus-refused': { message: 'the MQTT broker refused', retryable: false },
  'hub-not-running': { message: 'no hub runs on this data folder', retryable: true },
  'hub-unreachable': { message: 'the hub does not answer', retryable: true },
  'device-exists': { message: 'a device with this id exists already', retryable: false },
  'type-unknown': { message: 'there is no device type with this id', retryable: false },
  'device-unknown': { message: 'there is no device with this id', retryable: false },
  'command-refused': { message: 'the command was refused', retryable: false },
  'command-unknown': { message: 'there is no command with this id', retryable: false },
  'group-unknown': { message: 'there is no group with this name', retryable: false },
  'group-command-unknown': { message: 'there is no group command with this id', retryable: false },
  'schedule-exists': { message: 'a schedule with this name exists already', retryable: false },
  'schedule-unknown': { message: 'there is no schedule with this name', retryable: false },
  'credential-unknown': { message: 'the device has no such credential', retryable: false },
  'enrolment-unknown': { message: 'there is no such enrolment', retryable: false },
  'operator-unknown': { message: 'there is no account or token of this name', retryable: false },
  unauthorized: { message: 'nobody is signed in', retryable: false },
  forbidden: { message: 'this is not allowed', retryable: false },
  'dead-letter-unknown': { message: 'there is no dead letter with this id', retryable: false },
  'input-invalid': { message: 'the request is not valid', retryable: false },
} as const satisfies Record<string, { message: string; retryable: boolean }>;

export type ErrorCode = keyof typeof table;

export class HubError extends Error {
  readonly code: ErrorCode;
  readonly retryable: boolean;
  /** What a machine may want to read: the offending names, paths, values. */
  readonly details: Readonly<Record<string, unknown>>;

  /** @param note what happened here, and the way out; appended to the code's own sentence. */
  constructor(
    code: ErrorCode,
    note?: string,
    options: { cause?: unknown; details?: Record<string, unknown> } = {},
  ) {
    const { message, retryable } = table[code];
    super(note === undefined ? message : `${message}: ${note}`, { cause: options.cause });
    this.name = 'HubError';
    this.code = code;
    this.retryable = retryable;
    this.details = options.details ?? {};
  }
}

/** The one-line text of anything thrown, for logs and answers. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
