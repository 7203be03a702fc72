import { errorCodes, type ErrorCode } from '../../schemas/api/error-codes.ts';
import { ruleText, type FieldError } from '../../schemas/field-error.ts';

/** A fault that stops an operation. */
export class HubError extends Error {
  readonly code: ErrorCode;
  readonly retryable: boolean;
  /** For machines: the names, paths and values at fault. */
  readonly details: Readonly<Record<string, unknown>>;

  /** @param note what happened here, and the way out; appended to the code's own sentence. */
  constructor(
    code: ErrorCode,
    note?: string,
    options: { cause?: unknown; details?: Record<string, unknown> } = {},
  ) {
    const { meaning, retryable } = errorCodes[code];
    super(note === undefined ? meaning : `${meaning}: ${note}`, { cause: options.cause });
    this.name = 'HubError';
    this.code = code;
    this.retryable = retryable;
    this.details = options.details ?? {};
  }
}

/** A field of a request that breaks its rule. @param place what the field is called, when not by its path */
export function invalidInput(fault: FieldError, place = fault.path.slice(1)): HubError {
  return new HubError('input-invalid', `${place} ${ruleText(fault)}`, { details: { errors: [fault] } });
}

/** Nobody knows a device of this id. @param note instead of the id alone */
export function deviceUnknown(id: string, note = id): HubError {
  return new HubError('device-unknown', note, { details: { id } });
}

/** The one-line text of anything thrown, for logs and answers. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The connection to the state broke during a write, which may have been made all the same. */
export function isAnswerLost(error: unknown): boolean {
  return error instanceof HubError && error.details['reason'] === 'connection-lost';
}

/** The state was closed: this hub has ended, or was declared dead by another one. */
export function isClosed(error: unknown): boolean {
  return error instanceof HubError && error.details['reason'] === 'closed';
}
