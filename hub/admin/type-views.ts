import type { TypeDefinition, TypeRow } from '../../schemas/api/device-types.ts';
import type { DeviceType, DeviceTypeCatalog } from '../../schemas/index.ts';
import { HubError } from '../kernel/errors.ts';
import type { MayShow } from '../registry/visibility.ts';
import type { Registry } from '../registry/registry.ts';

/** The device types of the hub, as operators see them. */
export interface TypeViews {
  /** @param mayShow which devices are counted; not given: all */
  types(mayShow?: MayShow): Promise<TypeRow[]>;
  /** @throws HubError `type-unknown` */
  type(id: string): TypeDefinition;
}

export function createTypeViews(deps: { catalog: DeviceTypeCatalog; registry: Registry }): TypeViews {
  const { catalog, registry } = deps;
  return {
    async types(mayShow = () => true) {
      const counts = new Map<string, number>();
      for await (const page of registry.pages())
        for (const { id, type } of page) if (mayShow(id)) counts.set(type, (counts.get(type) ?? 0) + 1);
      return catalog.all().map(({ id, streams, commands }) => ({
        id,
        devices: counts.get(id) ?? 0,
        streams: [...streams.keys()],
        commands: [...commands.keys()],
      }));
    },
    type(id) {
      const type = catalog.get(id);
      if (type === undefined) throw new HubError('type-unknown', id, { details: { id } });
      return { id, ...type.definition, presence: type.presence, commands: commandsOf(type) };
    },
  };
}

function commandsOf({ definition, commands }: DeviceType): NonNullable<TypeDefinition['commands']> {
  return Object.fromEntries(
    Object.entries(definition.commands ?? {}).map(([name, given]) => {
      const compiled = commands.get(name);
      if (compiled === undefined) return [name, given];
      const { offline, ttlSec, idempotent, concurrency } = compiled;
      return [name, { ...given, offline, ttlSec, idempotent, concurrency }];
    }),
  );
}
