import { HubError } from '../kernel/errors.ts';
import type { StatusPayload } from './answers.ts';
import { refusedError } from './command-operations.ts';
import { parsePayload, type Refusal } from './command-request.ts';
import type { Origin } from './command.ts';
import { groupPayload } from './group-door.ts';
import type { Group, RolloutJournal, RolloutRecord } from './rollout-journal.ts';
import type { Target } from './rollout.ts';
import type { RolloutRequest, Rollouts } from './rollouts.ts';

/** A group command as operators see it: where it stands, and each device. Times are Unix ms. */
export interface GroupCommandView extends StatusPayload {
  readonly final: boolean;
  readonly to: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly wave: number;
  readonly maxFailures: number;
  readonly accepted: number;
  readonly devices: readonly Target[];
}

export interface GroupRequest {
  /** A selector; or the name of a stored one in `group`. */
  readonly to?: string;
  readonly group?: string;
  readonly name: string;
  /** `{id?, params?, ttlMs?, wave?, maxFailures?, jitterMs?}` as JSON in UTF-8. */
  readonly payload: Uint8Array;
  readonly idempotencyKey?: string;
  /** Whether who asks may send this command to a device; not set where every one may be. */
  readonly mayCommand?: (device: string, name: string) => boolean;
}

/** Whether who asks may be told of a device; not set where all may be. */
type MayShow = ((device: string) => boolean) | undefined;

/** Groups and group commands, for doors that answer a caller directly. */
export interface GroupOperations {
  /**
   * Resolves once it is in the journal with its targets.
   * @throws HubError `command-refused` · `input-invalid` · `forbidden` when one of the devices is not for who asks
   */
  send(request: GroupRequest, origin: Origin): Promise<GroupCommandView & { repeated: boolean }>;
  /** What `send` would do now: nothing is sent. @throws as `send`, save that a refusal is in the answer */
  preview(request: GroupRequest): Promise<{ devices: string[]; refusal?: Refusal }>;
  /** @throws HubError `group-command-unknown` */
  show(id: string): Promise<GroupCommandView>;
  /** Newest first, those about devices of which all may be shown. @throws HubError `database-failed` */
  list(limit: number, mayShow?: MayShow): Promise<Omit<GroupCommandView, 'devices'>[]>;
  /** No further wave; what is not sent yet is cancelled. @throws HubError `group-command-unknown` */
  cancel(id: string): Promise<GroupCommandView>;
  groups(): Promise<Group[]>;
  /** @throws HubError `input-invalid` */
  setGroup(group: Group): Promise<void>;
  /** @throws HubError `group-unknown` */
  removeGroup(name: string): Promise<void>;
}

export function createGroupOperations(deps: {
  rollouts: Rollouts;
  journal: RolloutJournal;
  now: () => number;
  /** Throws HubError `input-invalid` for what is no selector. */
  checkSelector: (selector: string) => void;
}): GroupOperations {
  const { rollouts, journal, now } = deps;

  async function requestOf(given: GroupRequest): Promise<RolloutRequest> {
    const parsed = parsePayload(given.payload, given.idempotencyKey, 'group-command');
    if (parsed.kind === 'refused') throw refusedError(parsed.refusal);
    const { id, params, ttlMs, pace = {} } = parsed;
    const { name, group } = given;
    const stored =
      group === undefined ? given.to : (await journal.groups()).find((each) => each.name === group)?.selector;
    if (stored === undefined && group !== undefined) throw refusedError({ reason: 'unknown-group' });
    return {
      to: stored ?? '',
      name,
      params,
      pace,
      ...(group === undefined ? {} : { group }),
      ...(id === undefined ? {} : { id }),
      ...(ttlMs === undefined ? {} : { ttlMs }),
    };
  }

  function viewOf(record: RolloutRecord): GroupCommandView {
    const { to, params, wave, maxFailures, acceptedMs, status } = record.rollout;
    return {
      ...groupPayload(record, now()),
      final: status !== 'running',
      to,
      params,
      wave,
      maxFailures,
      accepted: acceptedMs,
      devices: record.targets.map(({ device, status: state, reason }) => ({
        device,
        status: state,
        ...(reason === undefined ? {} : { reason }),
      })),
    };
  }

  function known(record: RolloutRecord | undefined, id: string): GroupCommandView {
    if (record === undefined) throw new HubError('group-command-unknown', id);
    return viewOf(record);
  }

  /** All of them, or nothing: a part of a group is not what was asked for. */
  function checkRights({ mayCommand, name }: GroupRequest, devices: readonly string[]): void {
    if (mayCommand === undefined) return;
    const others = devices.filter((device) => !mayCommand(device, name));
    if (others.length === 0) return;
    const [first] = others;
    throw new HubError(
      'forbidden',
      `${name} may not be sent to ${first} and ${others.length - 1} more devices`,
    );
  }

  return {
    async send(given, origin) {
      const request = await requestOf(given);
      checkRights(given, rollouts.preview(request).devices);
      const submission = await rollouts.start(request, { origin });
      if (submission.kind === 'refused') throw refusedError(submission.refusal);
      return { ...viewOf(submission.record), repeated: submission.kind === 'repeated' };
    },
    async preview(given) {
      const preview = rollouts.preview(await requestOf(given));
      checkRights(given, preview.devices);
      return preview;
    },
    show: async (id) => known(await rollouts.find(id), id),
    async list(limit, mayShow = () => true) {
      const views: Omit<GroupCommandView, 'devices'>[] = [];
      for (const { id } of await rollouts.list(limit)) {
        const record = await rollouts.find(id);
        if (record === undefined || !record.targets.every(({ device }) => mayShow(device))) continue;
        const { devices: _devices, ...view } = viewOf(record);
        views.push(view);
      }
      return views;
    },
    cancel: async (id) => known(await rollouts.cancel(id), id),
    groups: () => journal.groups(),
    async setGroup(group) {
      deps.checkSelector(group.selector);
      await journal.setGroup(group);
    },
    async removeGroup(name) {
      if (!(await journal.removeGroup(name))) throw new HubError('group-unknown', name);
    },
  };
}
