import { holdMs } from '../cluster/isolation.ts';
import type { Notes } from '../cluster/mail.ts';
import type { CommandMoves } from '../commands/command-moves.ts';
import { messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { PresenceAnnouncer } from '../presence/presence-announcer.ts';
import { knownDevices } from '../presence/known-devices.ts';
import type { PresenceKeeper } from '../presence/presence-keeper.ts';
import type { PresenceRow } from '../presence/presence-store.ts';
import type { DeviceFollower } from '../registry/device-follower.ts';
import type { DeviceMove, DeviceRecord } from '../registry/device-store.ts';
import type { Registry } from '../registry/registry.ts';
import type { DeviceTypeCatalog } from '../../schemas/index.ts';
import type { Clock } from '../../schemas/time/clock.ts';

export interface DeviceMovesDeps {
  clock: Clock;
  log: Log;
  registry: Registry;
  presence: PresenceKeeper;
  announcer: PresenceAnnouncer;
  commands: CommandMoves;
  catalog: DeviceTypeCatalog;
  owned: () => Promise<ReadonlyMap<string, number>>;
  /** The presence of those of them that no hub has. */
  away: (deviceIds: readonly string[]) => Promise<readonly PresenceRow[]>;
  /** A hint to another hub. */
  write: <Kind extends 'taken' | 'clear'>(hub: string, kind: Kind, note: Notes[Kind]) => void;
  /** A hint to all other hubs that devices were added, changed or removed. */
  writeChanged: () => void;
  /** The longest time between two attempts of a device to connect, ms. */
  backoffMaxMs: number;
}

/** The former hub of a device gets so long to end what it has on its way to the broker, ms. */
const clearMs = 1_000;
const newsMs = 1_000;
/** A hint that is lost is made up for after so long, ms. */
const compareMs = 10_000;

/** Devices move between hubs: because they connect elsewhere, or because the hub that they had has ended. */
export class DeviceMoves implements DeviceFollower {
  readonly #deps: DeviceMovesDeps;
  /** Sessions that were opened here of another hub's devices. */
  takeovers = 0;
  /** Ours, and watched by nobody here, as of the last comparison. */
  #unwatched = new Set<string>();
  #stops: (() => void)[] = [];

  constructor(deps: DeviceMovesDeps) {
    this.#deps = deps;
  }

  start(): void {
    const { clock } = this.#deps;
    this.#stops = [
      clock.every(newsMs, () => void this.readNews()),
      clock.every(compareMs, () => void this.compare()),
    ];
  }

  close(): void {
    for (const stop of this.#stops) stop();
  }

  /** It has a session here now. */
  moved(deviceId: string, epoch: number, { from }: DeviceMove): void {
    const { announcer, write, clock } = this.#deps;
    if (from === undefined) return;
    this.takeovers += 1;
    announcer.holdBack(deviceId);
    clock.after(clearMs, () => announcer.resume(deviceId));
    write(from, 'taken', { device: deviceId, epoch });
  }

  /** It has a session at another hub. */
  async taken(by: string, { device, epoch }: Notes['taken']): Promise<void> {
    const { registry, presence, commands, announcer, write } = this.#deps;
    // It has come back in the meantime; its session may still be opening.
    const epochHere = Math.max(presence.get(device).epoch, registry.get(device)?.epoch ?? 0);
    if (epochHere >= epoch) return;
    commands.movedAway(device);
    presence.handOver(device, epoch);
    await announcer.letGo(device);
    write(by, 'clear', { device });
  }

  /** What its former hub had on its way may have come after what we have published: it is published again. */
  clear({ device }: Notes['clear']): void {
    const { announcer, presence } = this.#deps;
    announcer.resume(device);
    if (presence.isOurs(device)) announcer.repeat([[device, presence.get(device)]]);
  }

  /** Devices of a hub that has ended. */
  async adopted(deviceIds: readonly string[]): Promise<void> {
    const { registry, catalog, presence, commands, announcer, backoffMaxMs } = this.#deps;
    const records = deviceIds.flatMap((id) => registry.get(id) ?? []);
    // Their heartbeat and grace come on top. They may be connected to a hub that does not know yet that it has ended.
    await presence.adopt(knownDevices(records, catalog), holdMs + backoffMaxMs);
    await commands.adopted(deviceIds);
    // Their hub may have been killed between saving a state and publishing it.
    for (const id of deviceIds) if (presence.isOurs(id)) announcer.repeat([[id, presence.get(id)]]);
  }

  /** Devices of a hub that has ended, which are away: the last that consumers hear must be what it had saved. */
  async left(deviceIds: readonly string[]): Promise<void> {
    const { presence, announcer, away } = this.#deps;
    for (const { deviceId, timing: _timing, session: _session, ...state } of await away(deviceIds)) {
      presence.heardOf(deviceId, state);
      if (!presence.isOurs(deviceId)) announcer.repeat([[deviceId, state]]);
    }
  }

  registered(_record: DeviceRecord, byOther: boolean): void {
    if (!byOther) this.#deps.writeChanged();
  }

  changed(): void {
    this.#deps.writeChanged();
  }

  removed(): void {
    this.#deps.writeChanged();
  }

  /** What other hubs have added, changed or removed. */
  async readNews(): Promise<void> {
    try {
      await this.#deps.registry.readNews();
    } catch (error) {
      this.#deps.log.debug({ reason: messageOf(error) }, 'what other hubs have changed cannot be read now');
    }
  }

  /** Lets go of devices that are not ours any more, and takes up what is ours and was missed. */
  async compare(): Promise<void> {
    const { presence, commands, owned, log } = this.#deps;
    try {
      const unwatched = await presence.compare(owned);
      // Twice in a row: no session takes so long to open.
      const missed = unwatched.filter((device) => this.#unwatched.has(device));
      this.#unwatched = new Set(unwatched);
      if (missed.length > 0) {
        log.warn(
          { devices: missed.length, sample: missed.slice(0, 3) },
          'devices of this hub are taken up again',
        );
        await this.adopted(missed);
      }
      await commands.compare();
    } catch (error) {
      log.debug({ reason: messageOf(error) }, 'what is ours cannot be read now');
    }
  }
}
