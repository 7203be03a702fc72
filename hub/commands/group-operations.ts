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
  show(id: string, mayShow?: MayShow): Promise<GroupCommandView>;
  /** Newest first, those about devices of which all may be shown. @throws HubError `database-failed` */
  list(limit: number, mayShow?: MayShow): Promise<Omit<GroupCommandView, 'devices'>[]>;
  /** No further wave; what is not sent yet is cancelled. @throws HubError `group-command-unknown` */
  cancel(id: string, mayShow?: MayShow): Promise<GroupCommandView>;
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

  return {
    async send(given, origin) {
      const request = await requestOf(given);
      checkRights(given, rollouts.preview(request).devices);
      const submission = await rollouts.start(request, { origin });
      if (submission.kind === 'refused') throw refusedError(submission.refusal);
      return { ...groupCommandView(submission.record, now()), repeated: submission.kind === 'repeated' };
    },
    async preview(given) {
      const preview = rollouts.preview(await requestOf(given));
      checkRights(given, preview.devices);
      return preview;
    },
    show: async (id, mayShow) => groupCommandView(known(await rollouts.find(id), id, mayShow), now()),
    async list(limit, mayShow) {
      const views: Omit<GroupCommandView, 'devices'>[] = [];
      for (const { id } of await rollouts.list(limit)) {
        const record = await rollouts.find(id);
        if (record === undefined || !isShown(record, mayShow)) continue;
        const { devices: _devices, ...view } = groupCommandView(record, now());
        views.push(view);
      }
      return views;
    },
    async cancel(id, mayShow) {
      known(await rollouts.find(id), id, mayShow);
      return groupCommandView(known(await rollouts.cancel(id), id, mayShow), now());
    },
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

function isShown({ targets }: RolloutRecord, mayShow: MayShow): boolean {
  return mayShow === undefined || targets.every(({ device }) => mayShow(device));
}

/** A group command as every door that answers directly shows it, at this time (Unix ms). */
export function groupCommandView(record: RolloutRecord, nowMs: number): GroupCommandView {
  const { to, params, wave, maxFailures, acceptedMs, status } = record.rollout;
  return {
    ...groupPayload(record, nowMs),
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

/** Only those about devices of which all may be shown: a part of one would say something untrue. */
function known(record: RolloutRecord | undefined, id: string, mayShow: MayShow): RolloutRecord {
  if (record === undefined || !isShown(record, mayShow)) throw new HubError('group-command-unknown', id);
  return record;
}
