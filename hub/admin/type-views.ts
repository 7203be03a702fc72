import type { TypeCheck, TypeDefinition, TypeRow } from '../../schemas/api/device-types.ts';
import type { DeviceType, DeviceTypeCatalog, FieldError } from '../../schemas/index.ts';
import { HubError, invalidInput } from '../kernel/errors.ts';
import type { MayShow } from '../registry/visibility.ts';
import type { Registry } from '../registry/registry.ts';
import type { PresenceKeeper } from '../presence/presence-keeper.ts';
import type { FrameLog } from '../sessions/frames/frame-log.ts';
import { judgeReadings, type JudgedDevice, type ReadingVerdicts } from './type-check.ts';

/** The device types of the hub, as operators see them. */
export interface TypeViews {
  /** @param mayShow which devices are counted; not given: all */
  types(mayShow?: MayShow): Promise<TypeRow[]>;
  /** @throws HubError `type-unknown` */
  type(id: string): TypeDefinition;
  /** @param mayShow whose readings are judged; not given: those of all devices of the type */
  checkType(definition: unknown, mayShow?: MayShow): Promise<TypeCheck>;
  /** @throws HubError `input-invalid` (another id) · `schema-invalid` (`details.errors`) · `types-read-only` */
  publishType(id: string, definition: unknown): Promise<TypeDefinition>;
}

/** The device types in use, and the way to others. */
export interface PublishedTypes extends DeviceTypeCatalog {
  /** Why nothing can be published; undefined: it can be. */
  readonly readOnly: string | undefined;
  /** What a definition is as a type, or every fault for which it cannot be published. */
  judge(definition: unknown): { type: DeviceType } | { faults: readonly FieldError[] };
  /** Takes it in use. @throws HubError `schema-invalid` · `types-read-only` */
  publish(definition: unknown): Promise<DeviceType>;
}

interface Deps {
  catalog: PublishedTypes;
  registry: Registry;
  sessions: {
    readonly frames: Pick<FrameLog, 'entries'>;
    /** The version that the device runs, or ran last. */
    typeOf(deviceId: string): DeviceType | undefined;
  };
  /** Knows the open session of a device, or the last one. */
  keeper: Pick<PresenceKeeper, 'session'>;
}

const nothingRead: ReadingVerdicts = { devices: 0, read: 0, firmwares: [], rejects: [] };

export function createTypeViews(deps: Deps): TypeViews {
  const { catalog, registry, sessions, keeper } = deps;

  /** Those of the type, if there is one of its id; otherwise those of its other versions. */
  async function devicesOf({ id, name }: DeviceType, mayShow: MayShow): Promise<JudgedDevice[]> {
    const isOwn = catalog.get(id) === undefined ? isVersionOf(name) : (type: string) => type === id;
    const devices: JudgedDevice[] = [];
    for await (const page of registry.pages()) {
      for (const record of page) {
        const type = mayShow(record.id) ? sessions.typeOf(record.id) : undefined;
        if (type === undefined || !isOwn(type.id)) continue;
        devices.push({ id: record.id, firmware: keeper.session(record.id)?.session.firmware ?? '', type });
      }
    }
    return devices;
  }

  return {
    async types(mayShow = () => true) {
      const counts = new Map<string, number>();
      for await (const page of registry.pages())
        for (const { id, type } of page) if (mayShow(id)) counts.set(type, (counts.get(type) ?? 0) + 1);
      return catalog.all().map(({ id, definition, streams, commands, updatesFirmware }) => ({
        id,
        devices: counts.get(id) ?? 0,
        streams: [...streams.keys()],
        commands: [...commands.keys()],
        commandTitles: titlesOf(definition),
        updatesFirmware,
      }));
    },
    type(id) {
      const type = catalog.get(id);
      if (type === undefined) throw new HubError('type-unknown', id, { details: { id } });
      return definitionOf(type);
    },
    async checkType(definition, mayShow = () => true) {
      const { readOnly } = catalog;
      const judged = catalog.judge(definition);
      const read =
        'type' in judged
          ? await judgeReadings(judged.type, await devicesOf(judged.type, mayShow), (id) =>
              sessions.frames.entries(id),
            )
          : nothingRead;
      return {
        faults: 'faults' in judged ? judged.faults : [],
        replaces: 'type' in judged && catalog.get(judged.type.id) !== undefined,
        ...read,
        ...(readOnly === undefined ? {} : { readOnly }),
      };
    },
    async publishType(id, definition) {
      const judged = catalog.judge(definition);
      if ('type' in judged && judged.type.id !== id)
        throw invalidInput({ path: '/id', keyword: 'const', expected: judged.type.id, got: id });
      return definitionOf(await catalog.publish(definition));
    },
  };
}

function isVersionOf(name: string): (type: string) => boolean {
  return (type) => type.startsWith(`${name}@`);
}

function titlesOf({ commands = {} }: DeviceType['definition']): TypeRow['commandTitles'] {
  return Object.fromEntries(
    Object.entries(commands).flatMap(([name, { title }]) => (title === undefined ? [] : [[name, title]])),
  );
}

function definitionOf(type: DeviceType): TypeDefinition {
  const { id, definition, presence } = type;
  return { id, ...definition, presence, commands: commandsOf(type) };
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
