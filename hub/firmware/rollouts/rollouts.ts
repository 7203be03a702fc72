import type { NewRollout } from '../../../schemas/api/firmware/rollouts.ts';
import { isSettledUpdate } from '../../../schemas/firmware/update-states.ts';
import type { NackFrame, OfferedUpdate, UpdateStatusFrame } from '../../../schemas/index.ts';
import type { Auditor } from '../../audit/audit.ts';
import { frameTaken, overRate, unsupportedFrame, type FrameAnswer } from '../../registry/frame-session.ts';
import { HubError, messageOf } from '../../kernel/errors.ts';
import { demandRoom } from '../../kernel/share.ts';
import type { Log } from '../../kernel/log.ts';
import type { Cancel, Clock } from '../../../schemas/time/clock.ts';
import type { Presence } from '../../../schemas/api/presence.ts';
import type { DeviceFollower } from '../../registry/device-follower.ts';
import { selectorOf, type StoredGroups } from '../../registry/stored-groups.ts';
import { demandReach } from '../../registry/visibility.ts';
import type { Artifact } from '../artifacts/artifact.ts';
import type { Artifacts } from '../artifacts/artifacts.ts';
import type { UpdateEvents, UpdateSession } from './update-session.ts';
import { freezeTargets } from './frozen-targets.ts';
import { OpenRollout, type RolloutCounters, type UpdateFollower } from './open-rollout.ts';
import { rolloutOf, type RolloutCaller } from './new-rollout.ts';
import { isEnded, type RolloutRecord } from './rollout.ts';
import type { RolloutDevices } from './rollout-devices.ts';
import type { RolloutStore } from './rollout-store.ts';
import { fits, UpdateLinks } from './update-links.ts';
import type { UpdateEvent } from './update.ts';

export interface RolloutsDeps {
  clock: Clock;
  log: Log;
  audit: Auditor;
  store: RolloutStore;
  artifacts: Pick<Artifacts, 'require' | 'isDamaged'>;
  /** Uniform in [0, 1). */
  random: () => number;
  newId: () => string;
  devices: Pick<RolloutDevices, 'select' | 'whereabouts'>;
  groups: StoredGroups;
  followers: readonly UpdateFollower[];
}

const tickMs = 1_000;
const keepEndedMs = 90 * 24 * 3_600_000;
/** Rollouts of all requesters of which some update has not ended; one alone may have half of them. */
const maxOpen = 100;

interface Place {
  readonly open: OpenRollout;
  readonly index: number;
}

/** Brings devices to a firmware: rollouts, what connected devices are notified of, and what the devices do. */
export class Rollouts implements UpdateEvents, DeviceFollower {
  readonly #deps: RolloutsDeps;
  readonly #open = new Map<string, OpenRollout>();
  /** Devices whose update has not ended, each in one rollout. */
  readonly #places = new Map<string, Place>();
  /** On their way to the disk. */
  readonly #arriving = new Set<RolloutRecord>();
  readonly #links: UpdateLinks;
  #timer: Cancel = () => undefined;
  readonly #outcomes: RolloutCounters = {
    writeFailures: 0,
    stopped: { 'too-many-failures': 0, 'devices-do-worse': 0 },
  };
  readonly counters = { words: 0, refusedWords: 0, wordsOverRate: 0 };

  constructor(deps: RolloutsDeps) {
    this.#deps = deps;
    this.#links = new UpdateLinks(deps.clock);
  }

  /** Resumes those that an earlier hub left. @throws HubError `database-failed` · `firmware-unknown` */
  async start(): Promise<void> {
    const { clock, store, artifacts } = this.#deps;
    await store.prune(clock.now() - keepEndedMs);
    for (const record of await store.open()) {
      const { type, version } = record.rollout;
      this.#resume(this.#add(record, artifacts.require(type, version), true));
    }
    this.#timer = clock.every(tickMs, () => {
      for (const open of this.#open.values()) this.#advance(open);
    });
  }

  /** Resolves when what is known is on disk. */
  async close(): Promise<void> {
    this.#timer();
    await Promise.all([...this.#open.values()].map((open) => open.close()));
  }

  get delivered(): Readonly<Record<string, number>> {
    return this.#links.counters;
  }

  /** Rollouts that the hub stopped, by why. */
  get stopped(): Readonly<Record<string, number>> {
    return this.#outcomes.stopped;
  }

  get writeFailures(): number {
    return this.#outcomes.writeFailures;
  }

  open(): Iterable<OpenRollout> {
    return this.#open.values();
  }

  /** Whether the device may have the bytes of this artifact now. */
  mayDownload(device: string, sha256: string): boolean {
    const place = this.#places.get(device);
    return place?.open.wanted(place.index)?.sha256 === sha256;
  }

  /** The rollouts that still bring the artifact to devices. */
  rolloutsOf({ type, version }: Pick<Artifact, 'type' | 'version'>): string[] {
    return this.#records()
      .filter(({ rollout }) => rollout.type === type && rollout.version === version)
      .map(({ rollout }) => rollout.id);
  }

  /** What would be done. @throws as `begin` */
  async preview(request: NewRollout, caller: RolloutCaller): Promise<RolloutRecord> {
    return this.#record(request, caller);
  }

  /**
   * Resolves once it is on disk with its devices.
   * @throws HubError `input-invalid` · `group-unknown` · `forbidden` · `firmware-unknown` · `firmware-damaged` · `rollout-conflict` ·
   *   `database-failed`
   */
  async begin(
    request: NewRollout,
    caller: RolloutCaller,
  ): Promise<{ record: RolloutRecord; repeated: boolean }> {
    const before = request.id === undefined ? undefined : await this.find(request.id);
    if (before !== undefined) {
      if (!isSame(before, request)) throw new HubError('rollout-exists', before.rollout.id);
      return { record: before, repeated: true };
    }
    const record = await this.#record(request, caller);
    const { id, type, version } = record.rollout;
    this.#demandRoom(caller.requester.actor);
    this.#demandFree(record);
    const artifact = this.#deps.artifacts.require(type, version);
    this.#arriving.add(record);
    try {
      if (!(await this.#deps.store.accept(record))) throw new HubError('rollout-exists', id);
      const open = this.#add(record, artifact, false);
      this.#advance(open);
      return { record: open, repeated: false };
    } finally {
      this.#arriving.delete(record);
    }
  }

  async find(id: string): Promise<RolloutRecord | undefined> {
    return this.#open.get(id) ?? this.#deps.store.find(id);
  }

  /** @throws HubError `rollout-unknown` · `rollout-conflict` · `forbidden` · `database-failed` */
  async change(
    id: string,
    what: 'pause' | 'resume' | 'cancel',
    { may }: RolloutCaller,
  ): Promise<RolloutRecord> {
    const record = await this.find(id);
    if (record === undefined) throw new HubError('rollout-unknown', id);
    demandReach(
      record.targets.map(({ device }) => device),
      may,
    );
    const open = this.#open.get(id);
    if (open === undefined || isEnded(open.rollout)) {
      if (what === 'cancel') return record;
      throw new HubError('rollout-conflict', `${id} is ${record.rollout.status}`);
    }
    await open[what]();
    this.#forgetSettled();
    return open;
  }

  sessionOpening(session: UpdateSession): OfferedUpdate | undefined {
    const { deviceId, boot, firmware } = session;
    const place = this.#places.get(deviceId);
    place?.open.note(place.index, { kind: 'hello', boot, firmware });
    let wanted = place?.open.wanted(place.index);
    if (place !== undefined && wanted !== undefined && !fits(session, wanted)) {
      place.open.note(place.index, { kind: 'unsendable' });
      wanted = undefined;
    }
    this.#links.opened(session, wanted);
    return wanted;
  }

  sessionClosed(session: UpdateSession): void {
    if (this.#links.closed(session)) this.#note(session.deviceId, { kind: 'left' });
  }

  async updateStatus(session: UpdateSession, frame: UpdateStatusFrame): Promise<FrameAnswer> {
    const { deviceId: device, type } = session;
    if (!type.updatesFirmware) {
      this.counters.refusedWords += 1;
      return { kind: 'refused', refusal: unsupportedFrame(type, 'update-status', 'firmware') };
    }
    const waitMs = this.#links.takeWord(device);
    if (waitMs > 0) {
      this.counters.wordsOverRate += 1;
      return overRate(waitMs);
    }
    const place = this.#places.get(device);
    // Of an update that has ended, or never was: the device need not say it again.
    if (place === undefined || place.open.rollout.id !== frame.re) return frameTaken;
    try {
      const { state: said, percent, error } = frame;
      await place.open.take(place.index, { kind: 'status', said, percent, error });
      this.counters.words += 1;
      return frameTaken;
    } catch (error) {
      this.#deps.log.warn({ device, reason: messageOf(error) }, 'the word of a device was not taken');
      return { kind: 'refused', refusal: { code: 'overloaded' } };
    }
  }

  /** Of every device: those of no rollout cost a look into a map. */
  presenceChanged(device: string, { state, reason }: Presence): void {
    if (!this.#places.has(device)) return;
    if (state === 'sleeping') this.#note(device, { kind: 'left', asleep: true, away: true });
    else if (state === 'disabled' || (state === 'offline' && reason === 'bye'))
      this.#note(device, { kind: 'left', away: true });
    else if (state === 'offline' || state === 'overdue') this.#note(device, { kind: 'lost' });
    else if (state === 'online' && reason === 'resumed' && this.#links.has(device))
      this.#note(device, { kind: 'back' });
  }

  followStream(device: string): { reading(): void; readings(samples: readonly unknown[]): void } {
    return {
      reading: () => this.#count(device, 1),
      readings: ({ length }) => this.#count(device, length),
    };
  }

  event(): void {
    // Events are no readings: how many there are says nothing.
  }

  /** A reading was refused for what is in it. */
  nacked({ id }: { id: string }, { code, seq }: NackFrame): void {
    if (code === 'schema' && seq !== undefined) this.#note(id, { kind: 'bad-readings' });
  }

  removed(device: string): void {
    this.#note(device, { kind: 'removed' });
    this.#links.forget(device);
  }

  #count(device: string, readings: number): void {
    if (this.#places.size === 0) return;
    const place = this.#places.get(device);
    const count = place?.open.reading(place.index);
    if (count !== undefined) count.total += readings;
  }

  #note(device: string, event: UpdateEvent): void {
    const place = this.#places.get(device);
    place?.open.note(place.index, event);
  }

  #add(record: RolloutRecord, artifact: Artifact, resumed: boolean): OpenRollout {
    const { clock, log, audit, store, followers, devices } = this.#deps;
    const open: OpenRollout = new OpenRollout(
      record,
      artifact,
      {
        clock,
        log,
        audit,
        counters: this.#outcomes,
        store,
        followers,
        deliver: (device) => this.#deliver(device, open),
        whereabouts: (device) => devices.whereabouts(device),
        settled: (device) => {
          if (this.#places.get(device)?.open === open) this.#places.delete(device);
        },
      },
      resumed,
    );
    this.#open.set(record.rollout.id, open);
    for (const [index, { device, update }] of open.targets.entries())
      if (!isSettledUpdate(update.state)) this.#places.set(device, { open, index });
    return open;
  }

  /** A hub that takes over from another one has sessions already. */
  #resume(open: OpenRollout): void {
    for (const [index, { device, update }] of open.targets.entries()) {
      const session = isSettledUpdate(update.state) ? undefined : this.#links.session(device);
      if (session === undefined) continue;
      open.note(index, { kind: 'hello', boot: session.boot, firmware: session.firmware });
      this.#deliver(device, open);
    }
  }

  #deliver(device: string, open: OpenRollout): void {
    const place = this.#places.get(device);
    if (place === undefined || place.open !== open) return;
    if (!this.#links.deliver(device, open.wanted(place.index)))
      open.note(place.index, { kind: 'unsendable' });
  }

  #advance(open: OpenRollout): void {
    const { artifact, rollout } = open;
    if (this.#deps.artifacts.isDamaged(artifact) && rollout.status === 'running') {
      this.#deps.log.error({ rollout: rollout.id }, 'a rollout is paused: its firmware is damaged');
      open
        .pause()
        .catch((error: unknown) => this.#deps.log.error({ reason: messageOf(error) }, 'not paused'));
    }
    void open.advance().then(() => this.#forgetSettled());
  }

  #forgetSettled(): void {
    for (const [id, open] of this.#open) if (!open.isOpen && open.isSaved) this.#open.delete(id);
  }

  /** Those that have not ended, or are about to begin. */
  #records(): RolloutRecord[] {
    return [...this.#open.values(), ...this.#arriving];
  }

  async #record(request: NewRollout, caller: RolloutCaller): Promise<RolloutRecord> {
    const { clock, random, newId, artifacts } = this.#deps;
    const to = await selectorOf(this.#deps.groups, request);
    const artifact = artifacts.require(request.type, request.version);
    if (artifacts.isDamaged(artifact))
      throw new HubError('firmware-damaged', `${request.type} ${request.version}`);
    const devices = await this.#deps.devices.select(to);
    demandReach(
      devices.map(({ id }) => id),
      caller.may,
    );
    const nowMs = clock.now();
    const seed = Math.floor(random() * 2 ** 32);
    const frozen = freezeTargets(devices, { type: request.type, version: request.version, seed, nowMs });
    return rolloutOf(request, frozen, {
      id: request.id ?? newId(),
      to,
      sha256: artifact.sha256,
      seed,
      acceptedMs: nowMs,
      requester: caller.requester,
    });
  }

  /** @throws HubError `input-invalid` */
  #demandRoom(actor: string): void {
    const actors = this.#records().map(({ rollout }) => rollout.requester.actor);
    demandRoom(actor, actors, {
      things: 'rollouts that have not ended',
      room: maxOpen,
      path: '/to',
      wayOut: 'cancel some first',
    });
  }

  /** Two rollouts must not pull one device in two directions. @throws HubError `rollout-conflict` */
  #demandFree({ targets }: RolloutRecord): void {
    const arriving = new Map(
      [...this.#arriving].flatMap(({ rollout, targets: theirs }) =>
        theirs.filter(({ wave }) => wave > 0).map(({ device }) => [device, rollout.id] as const),
      ),
    );
    for (const { device, update } of targets) {
      if (isSettledUpdate(update.state)) continue;
      const other = this.#places.get(device)?.open.rollout.id ?? arriving.get(device);
      if (other === undefined) continue;
      const note = `${device} is in rollout ${other}, which has not ended; cancel that first, or leave the device out`;
      throw new HubError('rollout-conflict', note, { details: { device, rollout: other } });
    }
  }
}

function isSame({ rollout }: RolloutRecord, { type, version, to, group }: NewRollout): boolean {
  return (
    rollout.type === type &&
    rollout.version === version &&
    rollout.group === group &&
    (group !== undefined || rollout.to === to)
  );
}
