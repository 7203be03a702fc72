import { isRetryableReason } from '../../../schemas/api/error-codes.ts';
import { HubError } from '../../kernel/errors.ts';
import type { CommandRefusal } from '../command-request.ts';
import type { GroupCommands } from './group-commands.ts';
import { refusalText } from '../refusal-text.ts';

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
  const { refusal } = submission;
  return { kind: isRetryableReason(refusal.reason) ? 'later' : 'refused', reason: refusalText(refusal) };
}

/** Ids of devices that a refusal names, for each type. */
const namedDevices = 3;

/**
 * Refuses a scheduled command that a device of its selector would refuse now: the whole command would be refused at
 * each of its times.
 * @returns how many devices the selector matches now; zero is allowed, because devices may be added later
 * @throws HubError `command-refused`, naming the types and some devices · `input-invalid`
 */
export function checkScheduled(
  { groupCommands, typeOf }: { groupCommands: GroupCommands; typeOf: (device: string) => string },
  request: Pick<ScheduledCommand, 'to' | 'name' | 'params'>,
): number {
  const { devices, refused } = groupCommands.refusals(request);
  const [first] = refused;
  if (first === undefined) return devices.length;
  const byType = Map.groupBy(refused, ({ device }) => typeOf(device));
  const faults = [...byType].map(([type, ofType]) => faultOf(type, ofType));
  const wayOut =
    refused.length === devices.length ? '' : `; narrow the selector ${request.to} to devices that accept it`;
  throw new HubError(
    'command-refused',
    `${request.name} would be refused by ${faults.join(', by ')}${wayOut}`,
    {
      details: { ...first.refusal },
    },
  );
}

function faultOf(type: string, refused: readonly { device: string; refusal: CommandRefusal }[]): string {
  const named = refused.slice(0, namedDevices).map(({ device }) => device);
  const more = refused.length - named.length;
  const devices = more === 0 ? named.join(', ') : `${named.join(', ')} and ${more} more`;
  const reasons = [...new Set(refused.map(({ refusal }) => refusalText(refusal)))];
  return `${type} (${devices}: ${reasons.join(' / ')})`;
}
