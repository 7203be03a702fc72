import type {
  Group,
  GroupCommandSummary,
  GroupCommandView,
  GroupPreview,
  SentGroupCommand,
} from '../../../schemas/api/commands/group-commands.ts';
import type { Requester } from '../../../schemas/api/requester.ts';
import { HubError } from '../../kernel/errors.ts';
import { demandPlace } from '../../kernel/share.ts';
import { withoutUndefined } from '../../kernel/without-undefined.ts';
import { storedSelector } from '../../registry/stored-groups.ts';
import { refusedError } from '../command-operations.ts';
import { parsePayload, type CommandRefusal } from '../command-request.ts';
import type { CommandAudit } from '../command-audit.ts';
import { groupEntry } from './group-command-audit.ts';
import type { GroupCommandJournal, GroupCommandRecord } from './group-command-journal.ts';
import type { GroupCommandRequest, GroupCommands } from './group-commands.ts';
import { groupPayloadOf } from './group-status-payload.ts';

const maxStoredGroups = 1_000;

export interface RawGroupCommand {
  /** A selector; or the name of a stored one in `group`. */
  readonly to?: string | undefined;
  readonly group?: string | undefined;
  readonly name: string;
  /** `{id?, params?, ttlMs?, wave?, maxFailures?, jitterMs?}` as JSON in UTF-8. */
  readonly payload: Uint8Array;
  readonly idempotencyKey?: string | undefined;
}

/** Who asks, and which devices that one may send the command to (all when not given). */
export interface Caller {
  readonly requester: Requester;
  readonly may?: ((device: string) => boolean) | undefined;
}

/** Groups and group commands, for interfaces that answer a caller directly. */
export interface GroupOperations {
  /** Resolves once it is in the journal with its targets. @throws HubError `command-refused` · `input-invalid` */
  send(request: RawGroupCommand, caller: Caller): Promise<SentGroupCommand>;
  /**
   * What `send` would do now, without sending; it names the devices the caller may send to. A refusal is in the
   * answer. @throws as `send` otherwise
   */
  preview(request: RawGroupCommand, caller: Caller): Promise<GroupPreview>;
  /** The devices the caller may see. @throws HubError `group-command-unknown` */
  show(id: string, may?: Caller['may']): Promise<GroupCommandView>;
  /** Newest first, those of which the caller may see every device. @throws HubError `database-failed` */
  list(limit: number, may?: Caller['may']): Promise<GroupCommandSummary[]>;
  /**
   * No further wave; what is not sent yet is cancelled. The caller must reach all of its devices.
   * @throws HubError `group-command-unknown` · `command-refused`
   */
  cancel(id: string, caller: Caller): Promise<GroupCommandView>;
  /** Those whose devices the caller may all see, with at least one: even a selector names devices, sites and labels. */
  groups(may?: Caller['may']): Promise<Group[]>;
  /** @throws HubError `input-invalid`, also when there are too many */
  setGroup(group: Group): Promise<void>;
  /** @throws HubError `group-unknown` */
  removeGroup(name: string): Promise<void>;
}

export function createGroupOperations(deps: {
  groupCommands: GroupCommands;
  audit: CommandAudit;
  journal: GroupCommandJournal;
  now: () => number;
  /** The ids of the devices a selector matches now; throws HubError `input-invalid`. */
  select: (selector: string) => Promise<string[]>;
}): GroupOperations {
  const { groupCommands, audit, journal, now } = deps;

  async function requestOf(given: RawGroupCommand, { requester }: Caller): Promise<GroupCommandRequest> {
    const refused = (refusal: CommandRefusal, asked?: string): HubError =>
      refusedError(
        audit.refused(refusal, groupEntry({ ...given, id: asked, to: given.to ?? '' }, requester)),
      );
    const parsed = parsePayload(given.payload, given.idempotencyKey, 'group-command');
    if (parsed.kind === 'refused') throw refused(parsed.refusal, parsed.id);
    const { id, params, ttlMs, pace } = parsed;
    const { name, group } = given;
    const stored = group === undefined ? given.to : await storedSelector(() => journal.groups(), group);
    if (stored === undefined && group !== undefined) throw refused({ reason: 'unknown-group' }, id);
    return { to: stored ?? '', name, params, pace, group, id, ttlMs };
  }

  const viewOf = (record: GroupCommandRecord, may?: Caller['may']): GroupCommandView =>
    groupCommandView(record, now(), may);

  function known(record: GroupCommandRecord | undefined, id: string, may?: Caller['may']): GroupCommandView {
    const view = record === undefined ? undefined : viewOf(record, may);
    // To a caller who may see none of its devices it does not exist: even its name and params would reveal too much.
    if (view === undefined || (may !== undefined && view.devices.length === 0))
      throw new HubError('group-command-unknown', id);
    return view;
  }

  return {
    async send(given, caller) {
      const { requester, may } = caller;
      const submission = await groupCommands.send(await requestOf(given, caller), { requester, may });
      if (submission.kind === 'refused') throw refusedError(submission.refusal);
      return { ...viewOf(submission.record), repeated: submission.kind === 'repeated' };
    },
    async preview(given, caller) {
      const { devices, refusal } = await groupCommands.preview(await requestOf(given, caller), caller.may);
      return { devices, ...withoutUndefined({ refusal }) };
    },
    show: async (id, may) => known(await groupCommands.find(id), id, may),
    async list(limit, may = () => true) {
      const views: GroupCommandSummary[] = [];
      for (const { id } of await groupCommands.list(limit)) {
        const record = await groupCommands.find(id);
        if (record === undefined || !record.targets.every(({ device }) => may(device))) continue;
        const { devices: _devices, ...view } = viewOf(record);
        views.push(view);
      }
      return views;
    },
    async cancel(id, { requester, may }) {
      const outcome = await groupCommands.cancel(id, requester, may);
      if (outcome?.kind === 'refused') throw refusedError(outcome.refusal);
      return known(outcome?.kind === 'found' ? outcome.record : undefined, id);
    },
    async groups(may) {
      const all = await journal.groups();
      if (may === undefined) return all;
      const shown: Group[] = [];
      for (const group of all) {
        const devices = await deps.select(group.selector);
        if (devices.length > 0 && devices.every(may)) shown.push(group);
      }
      return shown;
    },
    async setGroup(group) {
      await deps.select(group.selector);
      const stored = await journal.groups();
      if (!stored.some(({ name }) => name === group.name))
        demandPlace(stored.length, { things: 'stored groups', room: maxStoredGroups });
      await journal.setGroup(group);
    },
    async removeGroup(name) {
      if (!(await journal.removeGroup(name))) throw new HubError('group-unknown', name);
    },
  };
}

/**
 * A group command as every interface that answers directly shows it, at this time (Unix ms).
 * @param may which of its devices are named and counted; not given: all
 */
export function groupCommandView(
  { groupCommand, targets }: GroupCommandRecord,
  nowMs: number,
  may: (device: string) => boolean = () => true,
): GroupCommandView {
  const { to, params, wave, maxFailures, acceptedMs, status } = groupCommand;
  const shown = targets.filter(({ device }) => may(device));
  return {
    ...groupPayloadOf({ groupCommand, targets: shown }, nowMs),
    final: status !== 'running',
    to,
    params,
    wave,
    maxFailures,
    accepted: acceptedMs,
    devices: shown.map(({ device, status: state, reason }) => ({
      device,
      status: state,
      ...withoutUndefined({ reason }),
    })),
  };
}
