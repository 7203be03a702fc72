import type { Artifact } from '../../../hub/firmware/artifacts/artifact.ts';
import type { FleetDevice } from '../../../hub/firmware/rollouts/frozen-targets.ts';
import { randomFrom } from '../../../hub/firmware/rollouts/update-order.ts';
import type { RolloutRecord } from '../../../hub/firmware/rollouts/rollout.ts';
import type { Whereabouts } from '../../../hub/firmware/rollouts/open-rollout.ts';
import { Rollouts } from '../../../hub/firmware/rollouts/rollouts.ts';
import type { UpdateSession } from '../../../hub/firmware/rollouts/update-session.ts';
import type { NewRollout } from '../../../schemas/api/firmware/rollouts.ts';
import type { UpdateState, UpdateWord } from '../../../schemas/firmware/update-states.ts';
import {
  compileDeviceType,
  type HubFrame,
  type OfferedUpdate,
  type UpdateStatusFrame,
} from '../../../schemas/index.ts';
import { ManualClock } from '../clock.ts';
import { silentLog } from '../silent-log.ts';
import { MemoryRolloutStore } from './memory-rollouts.ts';

/** What a device does with an update; each says at the end that it succeeded, except where it cannot. */
export type Behaviour =
  /** Updates and is well. */
  | 'good'
  /** Updates, and reboots once more a minute later. */
  | 'ill'
  | 'fails-to-verify'
  | 'rolls-back'
  | 'never-answers'
  /** Says that it succeeded, and runs the old version. */
  | 'pretends'
  /** Loses its power while it downloads. */
  | 'reboots-in-the-middle';

export const definition = {
  name: 'sensor',
  version: 1,
  firmware: { updates: true },
  streams: {},
  presence: { heartbeatSec: 10, graceSec: 5 },
};
export const updatableType = compileDeviceType(definition, 'sensor@1.json');
const fixedType = compileDeviceType({ ...definition, name: 'fixed', firmware: undefined }, 'fixed@1.json');

export const artifact: Artifact = {
  type: 'sensor',
  version: '2.0.0',
  sha256: 'ab'.repeat(32),
  size: 1_000,
  addedMs: 0,
  actor: 'local',
};

interface FleetOptions {
  readonly devices: number;
  readonly behaviour?: (index: number) => Behaviour;
  /** The share of devices that reboot for no reason, in each minute. */
  readonly rebootsPerMinute?: number;
  readonly seed?: number;
}

const secondMs = 1_000;
/** Devices come back to a hub within so long. */
const backWithinSec = 20;

/** A device that runs in virtual time, in one process with the rollouts. */
export class VirtualDevice {
  readonly id: string;
  readonly behaviour: Behaviour;
  readonly #fleet: VirtualFleet;
  session: UpdateSession | undefined;
  firmware = '1.0.0';
  /** Versions that it was ever offered. */
  readonly offered = new Set<string>();
  /** When it first ran another version than before. */
  updated = false;
  #boots = 0;
  /** Counts what would go on in the program of the device; a reboot ends it. */
  #run = 0;
  #known: OfferedUpdate | undefined;
  #unacked: UpdateStatusFrame | undefined;

  constructor(fleet: VirtualFleet, index: number, behaviour: Behaviour) {
    this.#fleet = fleet;
    this.id = `d-${index}`;
    this.behaviour = behaviour;
  }

  get boot(): string {
    return `${this.id}-boot-${this.#boots}`;
  }

  connect(): void {
    // Whoever finds no hub is back with all the others.
    if (this.#fleet.isDown) return;
    const session: UpdateSession & { isOpen: boolean } = {
      deviceId: this.id,
      type: updatableType,
      boot: this.boot,
      firmware: this.firmware,
      isOpen: true,
      outbox: { maxFrameBytes: 65_536, congested: false, binary: false, bytesOf: () => 400 },
      send: (frame) => {
        this.#receive(frame);
        return true;
      },
    };
    this.session = session;
    const wanted = this.#fleet.rollouts.sessionOpening(session);
    if (wanted === undefined) this.#known = undefined;
    else this.#wanted(wanted);
    void this.#send();
  }

  /** The link ends; `forgotten` when the hub went, which hears nothing of it. */
  disconnect(forgotten = false): void {
    const { session } = this;
    if (session === undefined) return;
    this.session = undefined;
    (session as { isOpen: boolean }).isOpen = false;
    if (!forgotten) this.#fleet.rollouts.sessionClosed(session);
  }

  reboot(firmware = this.firmware): void {
    this.#run += 1;
    this.#boots += 1;
    this.#known = undefined;
    this.#unacked = undefined;
    if (firmware !== this.firmware) this.updated = true;
    this.firmware = firmware;
    this.disconnect();
    this.#after(4, () => this.connect());
  }

  #receive(frame: HubFrame): void {
    if (frame.type !== 'update') return;
    if ('cancelled' in frame) {
      this.#run += 1;
      this.#known = undefined;
    } else this.#wanted(frame);
  }

  #wanted(update: OfferedUpdate): void {
    this.offered.add(update.version);
    if (this.#known?.id === update.id || this.behaviour === 'never-answers') return;
    this.#known = update;
    this.#begin(update);
  }

  #begin(update: OfferedUpdate): void {
    this.#after(2, () => this.#say(update, 'downloading', 10));
    if (this.behaviour === 'reboots-in-the-middle' && this.#boots === 0) {
      this.#after(5, () => this.reboot());
      return;
    }
    this.#after(10, () => this.#say(update, 'verifying'));
    if (this.behaviour === 'fails-to-verify') {
      this.#after(12, () => this.#say(update, 'failed', undefined, 'the signature is wrong'));
      return;
    }
    if (this.behaviour === 'pretends') {
      this.#after(14, () => this.#say(update, 'applying'));
      this.#after(16, () => this.#say(update, 'succeeded'));
      return;
    }
    this.#after(14, () => {
      this.#say(update, 'applying');
      this.#apply(update);
    });
  }

  #apply(update: OfferedUpdate): void {
    this.reboot(this.behaviour === 'rolls-back' ? this.firmware : update.version);
    this.#after(6, () => this.#say(update, 'succeeded'));
    if (this.behaviour === 'ill') this.#after(60, () => this.reboot());
  }

  #say(update: OfferedUpdate, state: UpdateWord, percent?: number, error?: string): void {
    const more = { ...(percent === undefined ? {} : { percent }), ...(error === undefined ? {} : { error }) };
    this.#unacked = { type: 'update-status', re: update.id, state, ...more };
    void this.#send();
  }

  /** In each session until it is acked. */
  async #send(): Promise<void> {
    const { session } = this;
    const word = this.#unacked;
    if (session === undefined || word === undefined) return;
    const answer = await this.#fleet.rollouts.updateStatus(session, word);
    if (answer.kind === 'taken' && this.#unacked === word) this.#unacked = undefined;
  }

  #after(seconds: number, run: () => void): void {
    const mine = this.#run;
    this.#fleet.after(seconds, () => {
      if (this.#run === mine) run();
    });
  }
}

/** Rollouts and their devices in virtual time: second by second, with all that the hub does in between. */
export class VirtualFleet {
  readonly clock = new ManualClock();
  readonly store: MemoryRolloutStore;
  readonly devices: VirtualDevice[];
  readonly audited: string[] = [];
  rollouts: Rollouts;
  isDown = false;
  readonly #due = new Map<number, (() => void)[]>();
  readonly #random: () => number;
  readonly #rebootsPerSecond: number;
  #second = 0;
  #startedSecond = 0;

  constructor({ devices, behaviour = () => 'good', rebootsPerMinute = 0, seed = 1 }: FleetOptions) {
    this.#random = randomFrom(seed);
    this.#rebootsPerSecond = (devices * rebootsPerMinute) / 60;
    this.store = new MemoryRolloutStore();
    this.rollouts = this.#newRollouts();
    this.devices = Array.from(
      { length: devices },
      (_, index) => new VirtualDevice(this, index, behaviour(index)),
    );
  }

  async start(): Promise<void> {
    await this.rollouts.start();
    for (const device of this.devices) device.connect();
  }

  /** The hub is killed: it writes nothing more, and hears of nothing. @param awaySec until it is started again */
  async kill(awaySec = 5): Promise<void> {
    const dead = this.rollouts;
    this.isDown = true;
    this.store.before = () => {
      throw new Error('killed');
    };
    await dead.close();
    for (const device of this.devices) device.disconnect(true);
    this.store.before = () => undefined;
    // Meanwhile nothing looks at the time.
    await this.seconds(awaySec);
    this.rollouts = this.#newRollouts();
    this.isDown = false;
    this.#startedSecond = this.#second;
    await this.rollouts.start();
    for (const device of this.devices) {
      if (device.session !== undefined) continue;
      this.after(1 + this.#random() * backWithinSec, () => {
        if (device.session === undefined) device.connect();
      });
    }
  }

  begin(request: Partial<NewRollout> = {}): Promise<{ record: RolloutRecord }> {
    const whole = { type: 'sensor', version: artifact.version, to: 'all', id: 'r-1', ...request };
    return this.rollouts.begin(whole, { requester: { actor: 'operator:anna', origin: 'http' } });
  }

  after(seconds: number, run: () => void): void {
    const at = this.#second + Math.max(1, Math.round(seconds));
    const list = this.#due.get(at) ?? [];
    list.push(run);
    this.#due.set(at, list);
  }

  async seconds(count: number): Promise<void> {
    for (let second = 0; second < count; second += 1) await this.#tick();
  }

  /** @returns whether it came true within so many seconds */
  async until(isTrue: () => boolean, maxSeconds: number): Promise<boolean> {
    for (let second = 0; second < maxSeconds; second += 1) {
      if (isTrue()) return true;
      await this.#tick();
    }
    return isTrue();
  }

  record(id = 'r-1'): RolloutRecord {
    const record = this.store.all().find(({ rollout }) => rollout.id === id);
    if (record === undefined) throw new Error(`no rollout ${id}`);
    return record;
  }

  states(id = 'r-1'): Partial<Record<UpdateState, number>> {
    const states: Partial<Record<UpdateState, number>> = {};
    for (const { update } of this.record(id).targets) states[update.state] = (states[update.state] ?? 0) + 1;
    return states;
  }

  /** Every update has ended. */
  get settled(): boolean {
    return [...this.rollouts.open()].length === 0;
  }

  /** Devices that have run the new version. */
  get updated(): number {
    return this.devices.filter(({ updated }) => updated).length;
  }

  async #tick(): Promise<void> {
    this.#second += 1;
    this.clock.advance(secondMs);
    for (const run of this.#due.get(this.#second) ?? []) run();
    this.#due.delete(this.#second);
    if (this.#random() < this.#rebootsPerSecond % 1) this.#rebootOne();
    for (let whole = Math.floor(this.#rebootsPerSecond); whole > 0; whole -= 1) this.#rebootOne();
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }

  #rebootOne(): void {
    const device = this.devices[Math.floor(this.#random() * this.devices.length)];
    if (device?.session !== undefined) device.reboot();
  }

  #newRollouts(): Rollouts {
    return new Rollouts({
      clock: this.clock,
      log: silentLog,
      audit: {
        record: async ({ action }) => {
          this.audited.push(action);
        },
        entryOf: () => {
          throw new Error('not asked for');
        },
        noted: () => undefined,
        refused: () => undefined,
      },
      store: this.store,
      artifacts: { require: () => artifact, isDamaged: () => false },
      random: this.#random,
      newId: () => `r-${this.#second}`,
      devices: {
        select: async () => this.devices.map((device) => this.#found(device)),
        whereabouts: (id) => this.#whereabouts(id),
      },
      groups: async () => [],
      followers: [],
    });
  }

  #whereabouts(id: string): Whereabouts {
    const isBack = this.devices.some((device) => device.id === id && device.session !== undefined);
    const isAwaited = isBack || this.#second < this.#startedSecond + 2 * backWithinSec;
    return isAwaited ? { is: 'awaited' } : { is: 'away', sinceMs: 0 };
  }

  #found({ id, session, boot, firmware }: VirtualDevice): FleetDevice {
    const here = session !== undefined;
    const site = Number(id.slice(2)) % 3 === 0 ? 'north' : 'south';
    const deviceType = id === 'd-fixed' ? fixedType : updatableType;
    return {
      id,
      site,
      type: 'sensor@1',
      deviceType,
      boot: here ? boot : undefined,
      firmware,
      here,
      away: !here,
    };
  }
}
