import type { TraceContext } from './trace-context.ts';
import type { Requester } from '../../schemas/api/requester.ts';
import { isFinal, type CommandStatus } from '../../schemas/command-status.ts';
import type { FieldError, OfflinePolicy, ResultStatus, Safety } from '../../schemas/index.ts';

/**
 * The life of a command, as a pure function of what happens to it.
 *
 *   accepted ──▶ queued ──▶ sent ──▶ received ──▶ running          each ──result──▶ succeeded · failed ·
 *      │            │         │          │           │                              rejected · expired · cancelled
 *      │            │         └────┬─────┴───────────┘
 *      │ cancel, newer one ▶ cancelled            │ link closed, hub restarted, deadline without an answer
 *      │ deadline ▶ expired                       ▼
 *      └ offline, busy ▶ rejected             uncertain ──received──▶ received ──progress──▶ running
 *                                                 ├──result──▶ as the device reports
 *                                                 ├──unknown, and it would remember──▶ rejected · expired (not delivered)
 *                                                 └──unknown after a reboot · restored · 24 h · removed──▶ lost
 *
 * Every open command of a restored backup is uncertain, because it may have been sent after the backup.
 *
 * A final status never changes. `sent` is entered once, before the deadline, and never left for a state from
 * which it could be entered again. Only the device reports `succeeded` and `failed`.
 */

/** How long the hub waits for a report from the device before a command that was sent counts as lost. */
export const giveUpAfterMs = 24 * 3_600_000;

export interface Command {
  readonly device: string;
  /** Unique per device. */
  readonly id: string;
  readonly name: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly safety: Safety;
  readonly offline: OfflinePolicy;
  /** How many commands may be under way on the device while this one is, itself included; 1 when not given. */
  readonly concurrency?: number | undefined;
  /** Unix ms on the hub's clock, as all times here. */
  readonly acceptedMs: number;
  /** Not begun at or after this moment. */
  readonly deadlineMs: number;
  readonly status: CommandStatus;
  /** When the status was entered. */
  readonly changedMs: number;
  readonly cancelRequested: boolean;
  readonly requester?: Requester | undefined;
  /** With `HUB_TRACES_URL`; it is not in the journal, so a command that outlives its hub leaves its trace. */
  readonly trace?: TraceContext | undefined;
  /** Sent by a group command. */
  readonly ofGroup?: true | undefined;
  /** Set on the way to `sent`; an `unknown` is later compared with it. */
  readonly sent?: { readonly ms: number; readonly boot: string; readonly persists: boolean } | undefined;
  /** When it came from a backup, Unix ms: it may have been sent, and have ended, after the backup. */
  readonly restoredMs?: number | undefined;
  /** The device's first report that it has it, Unix ms. */
  readonly receivedMs?: number | undefined;
  /** The device's last report about it, Unix ms. */
  readonly reportedMs?: number | undefined;
  readonly reason?: string | undefined;
  readonly errors?: readonly FieldError[] | undefined;
  readonly output?: unknown;
  readonly percent?: number | undefined;
  readonly note?: string | undefined;
}

export type CommandEvent =
  /** It cannot be sent yet. */
  | { kind: 'must-wait' }
  /** It may not wait, and cannot be sent. */
  | { kind: 'refused'; reason: string }
  /** A newer command of the same name replaces it, should it still wait. */
  | { kind: 'superseded' }
  /** Its turn in an open session. `late`: its time is over, even if the hub's clock was set back. */
  | { kind: 'turn'; boot: string; persists: boolean; late?: boolean | undefined }
  /** After `turn` the frame was never written: the session was gone, or full, or the deadline had passed. */
  | { kind: 'not-written' }
  | { kind: 'session-opened' }
  | { kind: 'session-closed' }
  | { kind: 'received' }
  | { kind: 'progress'; percent?: number | undefined; note?: string | undefined }
  | {
      kind: 'result';
      status: Exclude<ResultStatus, 'unknown'>;
      error?: string | undefined;
      output?: unknown;
      errors?: readonly FieldError[] | undefined;
    }
  /** The device, in this boot, has no memory of it. */
  | { kind: 'unknown'; boot: string; persists: boolean }
  | { kind: 'deadline-passed' }
  | { kind: 'cancel-requested' }
  | { kind: 'device-removed' }
  | { kind: 'hub-restarted' }
  | { kind: 'restored' }
  | { kind: 'gave-up' };

/** The actions once the new state is in the journal, in this order. */
export type Effect =
  /** Publish the status. */
  | 'announce'
  | 'write-command'
  | 'write-cancel'
  | 'recall'
  /** `ack re`: the result is in the journal. */
  | 'ack'
  /** The result came after the final status. */
  | 'note-late'
  /** The device reports on a command it was never sent. */
  | 'disown';

export interface Step {
  readonly command: Command;
  /** The command changed in a way that must be in the journal before anything is published. */
  readonly journal: boolean;
  readonly effects: readonly Effect[];
}

/** It was not sent yet, and may be. */
export function isUnsent(command: Command): boolean {
  return command.status === 'accepted' || command.status === 'queued';
}

/** The device is working on it, as far as is known, so the next command waits. */
export function isUnderWay(command: Command): boolean {
  return command.status === 'sent' || command.status === 'received' || command.status === 'running';
}

/**
 * Whether the device may be given this one too: with it, no more are under way than each of them allows.
 * @param underWay what the device is working on now
 */
export function fitsBeside(command: Command, underWay: readonly Command[]): boolean {
  const least = Math.min(...[command, ...underWay].map(({ concurrency = 1 }) => concurrency));
  return underWay.length < least;
}

/** It may wait for a device without a session; what is critical never waits. */
export function mayWait(command: Pick<Command, 'offline' | 'safety'>): boolean {
  return command.offline !== 'reject' && command.safety !== 'critical';
}

/** When the passing of time next changes the command, Unix ms: its deadline, or the moment it is given up. */
export function dueMs(command: Command): number {
  if (isFinal(command.status)) return Number.POSITIVE_INFINITY;
  if (isUnsent(command) || awaitsDeadline(command)) return command.deadlineMs;
  return lastReportedMs(command) + giveUpAfterMs;
}

/** Applies one event. Pure; an event that does not fit the state changes nothing. */
export function step(command: Command, event: CommandEvent, nowMs: number): Step {
  if (isFinal(command.status)) return afterTheEnd(command, event);
  return isUnsent(command) ? beforeSending(command, event, nowMs) : afterSending(command, event, nowMs);
}

function afterTheEnd(command: Command, event: CommandEvent): Step {
  if (event.kind === 'result') return same(command, 'ack', 'note-late');
  return event.kind === 'unknown' ? same(command, 'ack') : same(command);
}

function beforeSending(command: Command, event: CommandEvent, nowMs: number): Step {
  switch (event.kind) {
    case 'must-wait':
      return command.status === 'accepted' ? enter(command, 'queued', nowMs) : same(command);
    case 'turn': {
      if (event.late === true || nowMs >= command.deadlineMs) {
        return enter(command, 'expired', nowMs, 'deadline');
      }
      const sent = { ms: nowMs, boot: event.boot, persists: event.persists };
      return { ...enter({ ...command, sent }, 'sent', nowMs), effects: ['write-command', 'announce'] };
    }
    case 'deadline-passed':
      return nowMs >= command.deadlineMs ? enter(command, 'expired', nowMs, 'deadline') : same(command);
    case 'refused':
      return enter(command, 'rejected', nowMs, event.reason);
    case 'superseded':
      return enter(command, 'cancelled', nowMs, 'superseded');
    case 'cancel-requested':
      return enter({ ...command, cancelRequested: true }, 'cancelled', nowMs, 'on-request');
    case 'device-removed':
      return enter(command, 'cancelled', nowMs, 'device-removed');
    case 'session-closed':
      return mayWait(command) ? same(command) : enter(command, 'rejected', nowMs, 'offline');
    case 'hub-restarted':
      return mayWait(command) ? same(command) : enter(command, 'rejected', nowMs, 'hub-restarted');
    case 'restored':
      return enter({ ...command, restoredMs: nowMs }, 'uncertain', nowMs, 'restored');
    case 'result':
    case 'unknown':
      return same(command, 'disown');
    case 'received':
    case 'progress':
    case 'not-written':
    case 'session-opened':
    case 'gave-up':
      return same(command);
  }
}

function afterSending(command: Command, event: CommandEvent, nowMs: number): Step {
  const reported: Command = { ...command, receivedMs: command.receivedMs ?? nowMs, reportedMs: nowMs };
  switch (event.kind) {
    case 'received':
      return command.status === 'received' || command.status === 'running'
        ? { command: reported, journal: false, effects: [] }
        : enter(reported, 'received', nowMs);
    case 'progress': {
      const { percent = command.percent, note = command.note } = event;
      const running = { ...reported, percent, note };
      if (command.status === 'running') return { command: running, journal: false, effects: ['announce'] };
      return enter(running, 'running', nowMs);
    }
    case 'result': {
      const { status, output, errors, error } = event;
      return {
        ...enter({ ...reported, output, errors }, status, nowMs, error),
        effects: ['ack', 'announce'],
      };
    }
    case 'unknown':
      return { ...settleUnknown(command, event, nowMs), effects: ['ack', 'announce'] };
    case 'not-written':
      if (command.reportedMs !== undefined) return same(command);
      return command.cancelRequested
        ? enter(command, 'cancelled', nowMs, 'on-request')
        : undelivered(command, nowMs);
    case 'session-opened': {
      const doubt = toUncertain(command, nowMs, 'reconnected');
      return { ...doubt, effects: [...doubt.effects, 'recall', ...cancelAgain(command)] };
    }
    case 'session-closed':
      return toUncertain(command, nowMs, 'link-lost');
    case 'hub-restarted':
      return toUncertain(command, nowMs, 'hub-restarted');
    case 'restored':
      return enter({ ...command, restoredMs: nowMs }, 'uncertain', nowMs, 'restored');
    case 'deadline-passed': {
      if (nowMs < command.deadlineMs || !awaitsDeadline(command)) return same(command);
      const doubt = toUncertain(command, nowMs, 'no-answer');
      return { ...doubt, effects: [...doubt.effects, 'recall'] };
    }
    case 'cancel-requested':
      if (command.cancelRequested) return same(command, 'write-cancel');
      return {
        command: { ...command, cancelRequested: true },
        journal: true,
        effects: ['write-cancel', 'announce'],
      };
    case 'device-removed':
      return enter(command, 'lost', nowMs, 'device-removed');
    case 'gave-up':
      return nowMs >= dueMs(command) && !awaitsDeadline(command)
        ? enter(command, 'lost', nowMs, 'no-answer')
        : same(command);
    case 'must-wait':
    case 'turn':
    case 'refused':
    case 'superseded':
      return same(command);
  }
}

/**
 * `unknown` proves that a command was not delivered only when the device would remember it: the same boot, or
 * a memory that outlives boots (then and now). A device that had it and forgot it proves nothing. Nor does one that has
 * reported its end to a hub that does not know it any more.
 */
function settleUnknown(command: Command, event: { boot: string; persists: boolean }, nowMs: number): Step {
  const reported = { ...command, reportedMs: nowMs };
  if (command.restoredMs !== undefined) return enter(reported, 'lost', nowMs, 'restored');
  if (command.reportedMs !== undefined) return enter(reported, 'lost', nowMs, 'device-forgot');
  const sameBoot = command.sent?.boot === event.boot;
  const remembers = command.sent?.persists === true && event.persists;
  return sameBoot || remembers
    ? undelivered(reported, nowMs)
    : enter(reported, 'lost', nowMs, 'device-rebooted');
}

function undelivered(command: Command, nowMs: number): Step {
  return enter(command, nowMs >= command.deadlineMs ? 'expired' : 'rejected', nowMs, 'not-delivered');
}

function toUncertain(command: Command, nowMs: number, reason: string): Step {
  return command.status === 'uncertain' ? same(command) : enter(command, 'uncertain', nowMs, reason);
}

/** The cancel frame may have died with the link. */
function cancelAgain(command: Command): Effect[] {
  return command.cancelRequested ? ['write-cancel'] : [];
}

/** Sent, and no report shows yet that the device met the deadline. One that is running began in time. */
function awaitsDeadline(command: Command): boolean {
  if (command.status === 'sent') return true;
  return command.status === 'received' && (command.reportedMs ?? 0) < command.deadlineMs;
}

function lastReportedMs(command: Command): number {
  const { reportedMs, sent, restoredMs = 0, acceptedMs } = command;
  return Math.max(reportedMs ?? sent?.ms ?? acceptedMs, restoredMs);
}

function enter(command: Command, status: CommandStatus, nowMs: number, reason?: string): Step {
  return { command: { ...command, status, changedMs: nowMs, reason }, journal: true, effects: ['announce'] };
}

function same(command: Command, ...effects: Effect[]): Step {
  return { command, journal: false, effects };
}
