import type { GroupCommands } from './group-commands.ts';

/** A command that a schedule asks for at one of its times. */
export interface ScheduledCommand {
  /** The name of the schedule. */
  readonly schedule: string;
  /** The same for the same time, so that asking again sends nothing twice. */
  readonly id: string;
  readonly to: string;
  readonly name: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly ttlMs?: number | undefined;
  readonly wave?: number | undefined;
  readonly maxFailures?: number | undefined;
  readonly jitterMs: number;
}

/** `later`: not now, but it may be asked again. */
export type ScheduledOutcome = { kind: 'sent' } | { kind: 'later' | 'refused'; reason: string };

/** Far above any fleet: a schedule that names no wave is one wave, and no failure stops it. */
const unlimited = 100_000;

/** Sends it as a group command. @throws HubError `input-invalid` · `database-failed` */
export async function sendScheduled(
  groupCommands: Pick<GroupCommands, 'send'>,
  given: ScheduledCommand,
): Promise<ScheduledOutcome> {
  const {
    schedule,
    id,
    to,
    name,
    params,
    ttlMs,
    wave = unlimited,
    maxFailures = unlimited,
    jitterMs,
  } = given;
  const submission = await groupCommands.send(
    { id, to, name, params, ttlMs, pace: { wave, maxFailures, jitterMs } },
    { requester: { origin: 'schedule', actor: `schedule:${schedule}` } },
  );
  if (submission.kind !== 'refused') return { kind: 'sent' };
  const { reason } = submission.refusal;
  return { kind: reason === 'too-many' || reason === 'unavailable' ? 'later' : 'refused', reason };
}
