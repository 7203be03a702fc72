import type { DeviceTypeCatalog } from '../../schemas/index.ts';
import type { Log } from '../kernel/log.ts';
import type { Registry } from './registry.ts';

/** Types whose devices are counted; more are only counted together. */
const namedTypes = 5;

/** Device types that registered devices have, and that have no file: removed, renamed, or lost with a folder. */
export class MissingTypes {
  readonly #registry: Pick<Registry, 'all'>;
  readonly #catalog: Pick<DeviceTypeCatalog, 'get'>;
  readonly #log: Pick<Log, 'warn'>;

  constructor(deps: {
    registry: Pick<Registry, 'all'>;
    catalog: Pick<DeviceTypeCatalog, 'get'>;
    log: Pick<Log, 'warn'>;
  }) {
    this.#registry = deps.registry;
    this.#catalog = deps.catalog;
    this.#log = deps.log;
  }

  /** What is wrong, and the way out. */
  get fault(): string | undefined {
    const devices = this.#counts();
    if (devices.size === 0) return undefined;
    const named = [...devices]
      .slice(0, namedTypes)
      .map(([type, count]) => `${type} (${count} ${count === 1 ? 'device' : 'devices'})`);
    const more = devices.size > namedTypes ? ` and ${devices.size - namedTypes} more` : '';
    return `no file of ${named.join(', ')}${more}: put it back, or remove the devices`;
  }

  /** For one device, after what is known of it otherwise. */
  textOf(type: string): string | undefined {
    if (this.#catalog.get(type) !== undefined) return undefined;
    return `The file of its device type ${type} is gone: its next session is refused if it announces this type. Put the file back, or remove the device.`;
  }

  /** The files have been read. */
  check(): void {
    const { fault } = this;
    if (fault !== undefined) this.#log.warn({ reason: fault }, 'devices have a type that has no file');
  }

  #counts(): Map<string, number> {
    const devices = new Map<string, number>();
    for (const { type } of this.#registry.all()) {
      if (this.#catalog.get(type) === undefined) devices.set(type, (devices.get(type) ?? 0) + 1);
    }
    return devices;
  }
}
