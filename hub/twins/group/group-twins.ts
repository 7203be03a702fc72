import { isDeepStrictEqual } from 'node:util';
import { defaultWave, tally } from '../../../schemas/command-tally.ts';
import { renderValue } from '../../../schemas/index.ts';
import type {
  GroupTwinPreview,
  GroupTwinView,
  NewGroupTwin,
} from '../../../schemas/api/twins/group-twins.ts';
import type { Requester } from '../../../schemas/api/requester.ts';
import type { Cancel, Clock } from '../../../schemas/time/clock.ts';
import { faultText } from '../../../schemas/field-error.ts';
import { HubError, invalidInput } from '../../kernel/errors.ts';
import { demandRoom } from '../../kernel/share.ts';
import { withoutUndefined } from '../../kernel/without-undefined.ts';
import { selectorOf, type StoredGroups } from '../../registry/stored-groups.ts';
import { demandReach } from '../../registry/visibility.ts';
import type { Twins } from '../twins.ts';
import type { GroupTwin, GroupTwinRecord } from './group-twin.ts';
import { OpenGroupTwin, type OpenGroupTwinDeps } from './open-group-twin.ts';

export interface GroupTwinsDeps extends OpenGroupTwinDeps {
  clock: Clock;
  twins: Pick<Twins, 'change' | 'standing' | 'check'>;
  newId: () => string;
  /** The ids of the devices a selector matches now, in order. @throws HubError `input-invalid` */
  select: (selector: string) => Promise<string[]>;
  groups: StoredGroups;
}

/** Who asks, and which devices that one may set (all when not given). */
export interface GroupTwinCaller {
  readonly requester: Requester;
  readonly may?: ((device: string) => boolean) | undefined;
}

/** As the schedules': work of one period shares its wake-ups. */
const tickMs = 250;
/** Group twins of all requesters; one alone may have half of them. */
const maxOpen = 200;
const keepEndedMs = 30 * 24 * 3_600_000;
const defaultSettleSec = 60;
/** Devices whose twins are read from disk together, where they are not in memory. */
const checkedAtOnce = 500;

/** Changes of desired for many devices: a fixed list, waves, and a report that survives the hub. */
export class GroupTwins {
  readonly #deps: GroupTwinsDeps;
  readonly #open = new Map<string, OpenGroupTwin>();
  /** Whoever has one on its way to the disk. */
  readonly #arriving: string[] = [];
  #timer: Cancel = () => undefined;

  constructor(deps: GroupTwinsDeps) {
    this.#deps = deps;
  }

  /** Resumes those that run. @throws HubError `database-failed` */
  async start(): Promise<void> {
    const { clock, store } = this.#deps;
    await store.prune(clock.now() - keepEndedMs);
    for (const record of await store.open()) this.#add(record);
    this.#timer = clock.every(tickMs, () => {
      for (const groupTwin of this.#open.values()) this.#advance(groupTwin);
    });
  }

  close(): void {
    this.#timer();
    for (const groupTwin of this.#open.values()) groupTwin.close();
  }

  /** Which devices it would set. @throws as `send` */
  async preview(request: NewGroupTwin, caller: GroupTwinCaller): Promise<GroupTwinPreview> {
    return { devices: await this.#judged(await selectorOf(this.#deps.groups, request), request, caller) };
  }

  /**
   * Resolves once it is on disk with its devices.
   * @throws HubError `input-invalid` · `group-unknown` · `forbidden` · `twin-unknown` · `desired-invalid` · `database-failed`
   */
  async send(request: NewGroupTwin, caller: GroupTwinCaller): Promise<GroupTwinView & { repeated: boolean }> {
    const { clock, store, newId } = this.#deps;
    const { requester } = caller;
    const to = await selectorOf(this.#deps.groups, request);
    const id = request.id ?? newId();
    const before = await this.#find(id);
    if (before !== undefined) return { ...this.#repeated(before, to, request), repeated: true };
    const devices = await this.#judged(to, request, caller);
    this.#demandRoom(requester.actor);
    const { patch, group, wave = defaultWave(devices.length), maxFailures = 0 } = request;
    const groupTwin: GroupTwin = {
      id,
      to,
      group,
      patch,
      wave,
      maxFailures,
      settleSec: request.settleSec ?? defaultSettleSec,
      acceptedMs: clock.now(),
      requester,
      status: 'running',
    };
    const record: GroupTwinRecord = {
      groupTwin,
      targets: devices.map((device) => ({ device, status: 'waiting' })),
    };
    this.#arriving.push(requester.actor);
    try {
      if (!(await store.accept(record))) throw taken(id);
    } finally {
      this.#arriving.splice(this.#arriving.indexOf(requester.actor), 1);
    }
    this.#advance(this.#add(record));
    return { ...viewOf(record), repeated: false };
  }

  /** @throws HubError `group-twin-unknown` */
  async show(id: string, may: GroupTwinCaller['may'] = () => true): Promise<GroupTwinView> {
    const record = await this.#find(id);
    const view = record && viewOf(record, may);
    // To a caller who may see none of its devices it does not exist.
    if (view === undefined || view.devices.length === 0) throw new HubError('group-twin-unknown', id);
    return view;
  }

  /** Newest first, those of which the caller may see every device. */
  async list(
    limit: number,
    may: GroupTwinCaller['may'] = () => true,
  ): Promise<Omit<GroupTwinView, 'devices'>[]> {
    const summaries: Omit<GroupTwinView, 'devices'>[] = [];
    for (const { id } of await this.#deps.store.list(limit)) {
      const record = await this.#find(id);
      if (record === undefined || !record.targets.every(({ device }) => may(device))) continue;
      const { devices: _, ...summary } = viewOf(record);
      summaries.push(summary);
    }
    return summaries;
  }

  /** No further wave; what is set stays. @throws HubError `group-twin-unknown` · `forbidden` */
  async cancel(id: string, { may }: GroupTwinCaller): Promise<GroupTwinView> {
    const record = await this.#find(id);
    if (record === undefined) throw new HubError('group-twin-unknown', id);
    demandReach(
      record.targets.map(({ device }) => device),
      may,
    );
    await this.#open.get(id)?.cancel();
    this.#forgetEnded();
    return this.show(id);
  }

  async #find(id: string): Promise<GroupTwinRecord | undefined> {
    return this.#open.get(id) ?? this.#deps.store.find(id);
  }

  #add(record: GroupTwinRecord): OpenGroupTwin {
    const open = new OpenGroupTwin(record, this.#deps);
    this.#open.set(record.groupTwin.id, open);
    return open;
  }

  #advance(groupTwin: OpenGroupTwin): void {
    void groupTwin.advance().then(() => this.#forgetEnded());
  }

  #forgetEnded(): void {
    for (const [id, groupTwin] of this.#open) if (!groupTwin.runs) this.#open.delete(id);
  }

  /** The devices; one that would refuse the change refuses it for all. */
  async #judged(to: string, { patch }: NewGroupTwin, { may }: GroupTwinCaller): Promise<string[]> {
    const devices = await this.#deps.select(to);
    if (devices.length === 0) {
      throw invalidInput({ path: '/to', keyword: 'selector', expected: 'at least one device', got: 'none' });
    }
    demandReach(devices, may);
    for (let from = 0; from < devices.length; from += checkedAtOnce) {
      const some = devices.slice(from, from + checkedAtOnce);
      const errors = await Promise.all(some.map((device) => this.#deps.twins.check(device, patch)));
      for (const [at, error] of errors.entries()) {
        if (error === undefined) continue;
        const note = `of ${some[at]}, ${faultText(error, 'desired')}`;
        throw new HubError('desired-invalid', note, { details: { device: some[at], errors: [error] } });
      }
    }
    return devices;
  }

  #demandRoom(actor: string): void {
    const running = [...this.#open.values()].map(({ groupTwin }) => groupTwin.requester.actor);
    const actors = [...running, ...this.#arriving];
    demandRoom(actor, actors, {
      things: 'group twins that run',
      room: maxOpen,
      path: '/to',
      wayOut: 'cancel some first',
    });
  }

  #repeated(record: GroupTwinRecord, to: string, { patch }: NewGroupTwin): GroupTwinView {
    const { groupTwin } = record;
    if (groupTwin.to !== to || !isDeepStrictEqual(groupTwin.patch, patch)) throw taken(groupTwin.id);
    return viewOf(record);
  }
}

function taken(id: string): HubError {
  const expected = 'an id that no other request has';
  return invalidInput({ path: '/id', keyword: 'id', expected, got: renderValue(id) });
}

function viewOf(
  { groupTwin, targets }: GroupTwinRecord,
  may: (device: string) => boolean = () => true,
): GroupTwinView {
  const { acceptedMs, endedMs, requester, group, reason, ...shown } = groupTwin;
  const devices = targets.filter(({ device }) => may(device));
  return {
    ...shown,
    ...withoutUndefined({ group, reason, endedMs }),
    ...requester,
    final: groupTwin.status !== 'running',
    acceptedMs,
    ...tally(devices),
    devices: devices.map(({ device, status, reason: why }) => ({
      device,
      status,
      ...withoutUndefined({ reason: why }),
    })),
  };
}
