import { isRetryableReason } from '../../../schemas/api/error-codes.ts';
import { faultText, renderValue } from '../../../schemas/field-error.ts';
import type { DeviceType, FieldError } from '../../../schemas/index.ts';
import { HubError } from '../../kernel/errors.ts';
import type { Registry } from '../../registry/registry.ts';
import type { TargetStatus } from '../../../schemas/command-status.ts';
import type { CommandRefusal } from '../command-request.ts';
import type { GroupCommandRecord } from './group-command-journal.ts';
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

interface CheckDeps {
  groupCommands: Pick<GroupCommands, 'refusals'>;
  registry: Pick<Registry, 'get'>;
  /** All device types that the hub has. */
  types: () => Iterable<DeviceType>;
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

/** Nothing was sent to a device where its command stands like this. */
const unsent: ReadonlySet<TargetStatus> = new Set([
  'waiting',
  'accepted',
  'queued',
  'rejected',
  'expired',
  'cancelled',
  'skipped',
]);

interface ScheduledReport {
  reached: number;
  over: boolean;
  reason: string;
}

/** How far the group command of a schedule has come; undefined: it is not known. */
export async function findScheduled(
  groupCommands: Pick<GroupCommands, 'find'>,
  id: string,
): Promise<ScheduledReport | undefined> {
  const record = await groupCommands.find(id);
  return record && scheduledReport(record);
}

export function scheduledReport({ groupCommand, targets }: GroupCommandRecord): ScheduledReport {
  const away = targets.filter(({ status }) => unsent.has(status));
  return {
    reached: targets.length - away.length,
    over: groupCommand.status !== 'running',
    reason: tallyText(
      away.map(({ status, reason }) => (reason === undefined ? status : `${status} (${reason})`)),
    ),
  };
}

/** `2 rejected (offline), 1 expired` */
function tallyText(texts: readonly string[]): string {
  return [...Map.groupBy(texts, (text) => text)].map(([text, of]) => `${of.length} ${text}`).join(', ');
}

/** Ids of devices that a refusal names, for each type. */
const namedDevices = 3;

/**
 * Refuses a scheduled command that a device of its selector would refuse now: the whole command would be refused at
 * each of its times. While the selector matches no device, at least one device type must accept the command.
 * @returns how many devices the selector matches now; zero is allowed, because devices may be added later
 * @throws HubError `command-refused`, naming the types and some devices · `input-invalid`
 */
export async function checkScheduled(
  { groupCommands, registry, types }: CheckDeps,
  request: Pick<ScheduledCommand, 'to' | 'name' | 'params'>,
): Promise<number> {
  const { devices, refused } = await groupCommands.refusals(request);
  const [first] = refused;
  if (devices.length === 0) checkForTypes(request, types());
  if (first === undefined) return devices.length;
  const byType = Map.groupBy(refused, ({ device }) => registry.get(device)?.type ?? '');
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

/** @throws HubError `command-refused` for a command that no type has, or params that none of those takes */
function checkForTypes(
  { to, name, params }: Pick<ScheduledCommand, 'to' | 'name' | 'params'>,
  types: Iterable<DeviceType>,
): void {
  const faults: FieldError[] = [];
  for (const { commands } of types) {
    const command = commands.get(name);
    if (command === undefined) continue;
    const fault = command.checkParams(params);
    if (fault === undefined) return;
    faults.push(fault);
  }
  const [first] = faults;
  const nobody = `no device matches ${to} now, and no device type`;
  if (first === undefined) {
    const error = {
      path: '/name',
      keyword: 'enum',
      expected: 'a command of a device type',
      got: renderValue(name),
    };
    const details = { reason: 'unknown-command', errors: [error] } satisfies CommandRefusal;
    throw new HubError('command-refused', `${nobody} has the command ${name}`, { details });
  }
  const details = { reason: 'bad-params', errors: faults } satisfies CommandRefusal;
  throw new HubError('command-refused', `${nobody} takes ${name} with these params: ${faultText(first)}`, {
    details,
  });
}

function faultOf(type: string, refused: readonly { device: string; refusal: CommandRefusal }[]): string {
  const named = refused.slice(0, namedDevices).map(({ device }) => device);
  const more = refused.length - named.length;
  const devices = more === 0 ? named.join(', ') : `${named.join(', ')} and ${more} more`;
  const reasons = [...new Set(refused.map(({ refusal }) => refusalText(refusal)))];
  return `${type} (${devices}: ${reasons.join(' / ')})`;
}
