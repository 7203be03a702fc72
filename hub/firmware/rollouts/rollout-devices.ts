import type { DeviceType } from '../../../schemas/index.ts';
import type { PresenceKeeper } from '../../presence/presence-keeper.ts';
import { isAway } from '../../presence/presence.ts';
import type { Registry } from '../../registry/registry.ts';
import type { FleetDevice } from './frozen-targets.ts';
import type { Whereabouts } from './open-rollout.ts';

interface OpenSession {
  readonly isOpen: boolean;
  readonly boot: string;
}

export interface RolloutDevicesDeps {
  registry: Pick<Registry, 'get' | 'require' | 'select'>;
  sessions: {
    get(device: string): OpenSession | undefined;
    typeOf(device: string): DeviceType | undefined;
  };
  presence: Pick<PresenceKeeper, 'find' | 'get' | 'isElsewhere' | 'session'>;
}

/** The devices of a fleet as rollouts see them. */
export class RolloutDevices {
  readonly #deps: RolloutDevicesDeps;

  constructor(deps: RolloutDevicesDeps) {
    this.#deps = deps;
  }

  /** Those that a selector matches now, in order. @throws HubError `input-invalid` */
  async select(selector: string): Promise<FleetDevice[]> {
    return (await this.#deps.registry.select(selector)).map((device) => this.#found(device));
  }

  /** Of a device that has no session here. */
  whereabouts(device: string): Whereabouts {
    const { registry, presence } = this.#deps;
    const known = presence.find(device);
    // Until presence is read from disk nothing is known of a device.
    if (known === undefined && registry.get(device) !== undefined) return { is: 'awaited' };
    if (presence.isElsewhere(device)) return { is: 'elsewhere' };
    if (known !== undefined && !isAway(known)) return { is: 'awaited' };
    const sinceMs = known?.sinceMs ?? 0;
    return { is: known?.state === 'sleeping' ? 'asleep' : 'away', sinceMs };
  }

  #found(device: string): FleetDevice {
    const { registry, sessions, presence } = this.#deps;
    const { id, site, type } = registry.require(device);
    const session = sessions.get(id);
    const here = session?.isOpen === true;
    return {
      id,
      site,
      type,
      deviceType: sessions.typeOf(id),
      boot: here ? session.boot : undefined,
      firmware: presence.session(id)?.session.firmware,
      here,
      away: !here && isAway(presence.get(id)),
    };
  }
}
