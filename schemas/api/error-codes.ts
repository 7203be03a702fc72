/**
 * All faults that stop an operation: the meaning, whether a retry may help, and the HTTP status of the API's answer. `HubError`,
 * the API's answers, the exit status of the command line, the OpenAPI document and docs/errors.md are made from this table.
 * Expected outcomes (a refused reading, a busy device) are unions with a `kind`, not errors. This file imports nothing,
 * because `hub/kernel` imports it.
 */

interface ErrorMeaning {
  readonly meaning: string;
  readonly retryable: boolean;
  /** Not given: the API never answers with this code, which ends the process or stays in the log. */
  readonly status?: number;
  /** The exit status of the command line; 1 when it is not given. */
  readonly exit?: 2;
}

type ErrorTable = Readonly<Record<string, ErrorMeaning>>;

/** Errors of the process and its environment, and of a command line that finds no hub. */
const processErrors = {
  'config-invalid': { meaning: 'the configuration is not valid', retryable: false, exit: 2 },
  'address-in-use': { meaning: 'the address is in use', retryable: false },
  'tls-invalid': { meaning: 'the TLS key or certificate cannot be used', retryable: false },
  'data-dir-in-use': { meaning: 'another hub uses this data folder', retryable: false },
  'data-dir-invalid': { meaning: 'the data folder cannot be used', retryable: false },
  'backup-failed': { meaning: 'the backup was not made', retryable: false },
  'backup-invalid': { meaning: 'the backup cannot be used', retryable: false },
  'state-not-moved': { meaning: 'the state was not moved', retryable: false },
  'bus-refused': { meaning: 'the MQTT broker refused', retryable: false },
  'hub-not-running': { meaning: 'no hub runs on this data folder', retryable: true },
  'hub-unreachable': { meaning: 'the hub does not answer', retryable: true },
} as const satisfies ErrorTable;

/** Errors of the HTTP request itself: no operation has begun, or the hub failed to perform it. */
const requestErrors = {
  'login-failed': { meaning: 'the name or the password is wrong', retryable: false, status: 401 },
  'code-needed': {
    meaning: 'the password is right; the account also asks for a code of its authenticator app',
    retryable: false,
    status: 401,
  },
  unauthorized: {
    meaning: 'nobody is signed in; of a device: its id or its credential is wrong',
    retryable: false,
    status: 401,
  },
  'path-unknown': { meaning: 'the API has nothing at this path', retryable: false, status: 404 },
  'method-not-allowed': { meaning: 'this path does not have this method', retryable: false, status: 405 },
  'host-unknown': { meaning: 'this hub does not go by that host name', retryable: false, status: 421 },
  'body-too-large': { meaning: 'the body of the request is too large', retryable: false, status: 413 },
  'content-type-unsupported': {
    meaning: 'the body must be of the type that the operation takes: JSON in UTF-8, or a file as it is',
    retryable: false,
    status: 415,
  },
  'upgrade-required': { meaning: 'this path takes WebSocket upgrades only', retryable: false, status: 426 },
  'too-many-attempts': { meaning: 'too many failed attempts to sign in', retryable: true, status: 429 },
  internal: { meaning: 'the hub failed to do this; its log says why', retryable: false, status: 500 },
} as const satisfies ErrorTable;

/** Errors that an operation may end with. */
const operationErrors = {
  'input-invalid': { meaning: 'the request is not valid', retryable: false, status: 400 },
  'schema-invalid': { meaning: 'a device type is not valid', retryable: false, status: 400 },
  'command-refused': { meaning: 'the command was refused', retryable: false, status: 400 },
  forbidden: { meaning: 'this is not allowed', retryable: false, status: 403 },
  'device-unknown': { meaning: 'there is no device with this id', retryable: false, status: 404 },
  'type-unknown': { meaning: 'there is no device type with this id', retryable: false, status: 404 },
  'session-unknown': {
    meaning: 'nobody is signed in with a session of this id',
    retryable: false,
    status: 404,
  },
  'command-unknown': { meaning: 'there is no command with this id', retryable: false, status: 404 },
  'group-unknown': { meaning: 'there is no group with this name', retryable: false, status: 404 },
  'group-command-unknown': {
    meaning: 'there is no group command with this id',
    retryable: false,
    status: 404,
  },
  'schedule-unknown': { meaning: 'there is no schedule with this name', retryable: false, status: 404 },
  'webhook-unknown': { meaning: 'there is no webhook of this name', retryable: false, status: 404 },
  'silence-unknown': { meaning: 'there is no silence with this id', retryable: false, status: 404 },
  'credential-unknown': { meaning: 'the device has no such credential', retryable: false, status: 404 },
  'enrolment-unknown': { meaning: 'there is no such enrolment', retryable: false, status: 404 },
  'operator-unknown': { meaning: 'there is no account or token of this name', retryable: false, status: 404 },
  'dead-letter-unknown': { meaning: 'there is no dead letter with this id', retryable: false, status: 404 },
  'twin-unknown': {
    meaning: 'the type of the device has no twin, or no longer has one',
    retryable: false,
    status: 404,
  },
  'group-twin-unknown': {
    meaning: 'there is no group twin with this id',
    retryable: false,
    status: 404,
  },
  'firmware-unknown': {
    meaning: 'there is no firmware of this type and version',
    retryable: false,
    status: 404,
  },
  'rollout-unknown': { meaning: 'there is no rollout with this id', retryable: false, status: 404 },
  'firmware-exists': {
    meaning: 'the type has a firmware of this version already',
    retryable: false,
    status: 409,
  },
  'firmware-in-use': { meaning: 'a rollout brings this firmware to devices', retryable: false, status: 409 },
  'firmware-busy': { meaning: 'another firmware is being added', retryable: true, status: 409 },
  'firmware-damaged': {
    meaning: 'the file of this firmware is not what it was',
    retryable: false,
    status: 409,
  },
  'rollout-exists': { meaning: 'another rollout has this id', retryable: false, status: 409 },
  'rollout-conflict': { meaning: 'a rollout is not in a state for this', retryable: false, status: 409 },
  'firmware-too-large': { meaning: 'there is no room for this firmware', retryable: false, status: 413 },
  'firmware-invalid': {
    meaning: 'the firmware is not what it is said to be',
    retryable: false,
    status: 422,
  },
  'twin-changed': {
    meaning: 'what is desired of the device has changed since it was read',
    retryable: false,
    status: 412,
  },
  'desired-invalid': {
    meaning: 'the device type does not take this desired state',
    retryable: false,
    status: 422,
  },
  'types-read-only': {
    meaning: 'device types cannot be published at this hub',
    retryable: false,
    status: 409,
  },
  'type-changed': {
    meaning: 'another hub has published this device type at the same moment: look at it first',
    retryable: false,
    status: 409,
  },
  'device-exists': { meaning: 'a device with this id exists already', retryable: false, status: 409 },
  'webhook-exists': { meaning: 'a webhook of this name exists already', retryable: false, status: 409 },
  'schedule-exists': { meaning: 'a schedule with this name exists already', retryable: false, status: 409 },
  'other-hub': {
    meaning: 'another hub of the cluster does this: ask that one',
    retryable: false,
    status: 421,
  },
  'database-failed': {
    meaning: 'the state database answered with an error',
    retryable: true,
    status: 503,
  },
  'store-unavailable': { meaning: 'the metrics store does not answer', retryable: true, status: 503 },
  'bus-unavailable': { meaning: 'the MQTT broker does not answer', retryable: true, status: 503 },
} as const satisfies ErrorTable;

const refusals = { ...requestErrors, ...operationErrors };

export type ErrorCode = keyof typeof processErrors | RefusalCode;
/** The codes with which the API may answer. */
export type RefusalCode = keyof typeof refusals;
export type OperationErrorCode = keyof typeof operationErrors;

export const errorCodes: Readonly<Record<ErrorCode, ErrorMeaning>> = { ...processErrors, ...refusals };
export const refusalCodes = Object.keys(refusals) as RefusalCode[];

/** The HTTP status with which the API answers. */
export function statusOf(code: RefusalCode): number {
  return refusals[code].status;
}

/** The exit status of a command line that ends with it. */
export function exitCodeOf(code: ErrorCode): 1 | 2 {
  return errorCodes[code].exit ?? 1;
}

/** Whether an operation can end with this code. The other codes are about the request or the process. */
export function isOperationError(code: string): code is OperationErrorCode {
  return Object.hasOwn(operationErrors, code);
}

interface ReasonMeaning {
  readonly meaning: string;
  /** Not given: that of `command-refused`. */
  readonly status?: number;
  /** The refusal is temporary: the same command may be accepted later. */
  readonly retryable?: true;
}

/** `details.reason` of `command-refused`. */
export const refusalReasons = {
  'age-unknown': { meaning: 'nobody knows how long the message was under way' },
  'bad-correlation-data': { meaning: 'the correlation data cannot be used' },
  'bad-params': { meaning: "the params do not fit the command's schema" },
  'bad-payload': { meaning: 'the payload is not a command' },
  'bad-response-topic': { meaning: 'the response topic cannot be used' },
  'bad-topic': { meaning: 'the topic names no device and command' },
  forbidden: { meaning: 'the caller may not send this command', status: 403 },
  'id-conflict': { meaning: 'the id belongs to another command', status: 409 },
  'id-required': { meaning: 'the command needs an id of the caller' },
  'no-targets': { meaning: 'the selector matches no device' },
  retained: { meaning: 'a retained message is not a command' },
  'too-large': { meaning: 'the command does not fit in a frame', status: 413 },
  'too-many': { meaning: 'too many commands are open', status: 429, retryable: true },
  unavailable: { meaning: 'the hub cannot take the command now', status: 503, retryable: true },
  'unknown-command': { meaning: 'the device type has no such command', status: 404 },
  'unknown-device': { meaning: 'there is no device with this id', status: 404 },
  'unknown-group': { meaning: 'there is no group with this name', status: 404 },
  'unknown-id': { meaning: 'there is no command with this id', status: 404 },
} as const satisfies Readonly<Record<string, ReasonMeaning>>;

export type RefusalReason = keyof typeof refusalReasons;

/** The HTTP status of a refused command. */
export function statusOfReason(reason: unknown): number {
  const reasons: Readonly<Record<string, ReasonMeaning>> = refusalReasons;
  const known = typeof reason === 'string' && Object.hasOwn(reasons, reason) ? reasons[reason] : undefined;
  return known?.status ?? operationErrors['command-refused'].status;
}

/** Whether the refusal is temporary, so that the same command may be accepted later. */
export function isRetryableReason(reason: RefusalReason): boolean {
  const { retryable }: ReasonMeaning = refusalReasons[reason];
  return retryable === true;
}
