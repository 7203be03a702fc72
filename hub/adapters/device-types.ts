import { randomUUID } from 'node:crypto';
import { watch } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  changeFaults,
  compileDeviceType,
  loadDeviceTypes,
  SchemaFault,
  type DeviceType,
  type DeviceTypeCatalog,
} from '../../schemas/index.ts';
import { faultText } from '../../schemas/field-error.ts';
import type { PublishedTypes } from '../admin/type-views.ts';
import { HubError, messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';

export interface WatchedDeviceTypes extends PublishedTypes {
  /** Why the latest change of the folder was not taken; undefined: it was. */
  readonly fault: string | undefined;
  /** @param changed is called after the types have changed */
  follow(changed: () => void): void;
  close(): void;
}

/** An editor writes a file in several steps; they are one change. */
const settleMs = 200;

/** The device types of a folder. @throws HubError `schema-invalid` when they are not valid, naming the file, the place and the rule */
export async function readDeviceTypes(dir: string): Promise<DeviceTypeCatalog> {
  return loadDeviceTypes(dir).catch((error: unknown): never => {
    throw new HubError('schema-invalid', messageOf(error), { cause: error, details: { dir } });
  });
}

/**
 * Why nothing may be published to a folder; undefined: it may.
 * @param shippedDir the folder that comes with the hub
 */
export function readOnlyBecause(dir: string, shippedDir: string): string | undefined {
  if (dir === shippedDir)
    return 'the hub reads its types from the folder that comes with it, which a new release replaces; copy that folder, and set HUB_SCHEMAS_DIR to the copy';
  return undefined;
}

/**
 * The device types of a folder, read again whenever it changes. A change that is not valid, or at odds with
 * what is stored already, is refused as a whole: the types stay as they were, and the log says why.
 * @param readOnly why nothing may be published to the folder; undefined: it may
 * @throws HubError `schema-invalid` when they are not valid at the start, naming the file, the place and the rule
 */
export async function openDeviceTypes(dir: string, log: Log, readOnly?: string): Promise<WatchedDeviceTypes> {
  let current = await readDeviceTypes(dir);
  let fault: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  const followers: (() => void)[] = [];
  const types: WatchedDeviceTypes = {
    get: (id) => current.get(id),
    all: () => current.all(),
    get fault() {
      return fault;
    },
    readOnly,
    judge: (definition) => judged(definition, current),
    async publish(definition) {
      const type = await writeDeviceType({ dir, readOnly }, definition, current);
      if (!(await reload())) throw new HubError('schema-invalid', fault);
      return current.get(type.id) ?? type;
    },
    follow: (changed) => void followers.push(changed),
    close() {
      clearTimeout(timer);
      watcher.close();
    },
  };
  /** @returns whether they were taken */
  const reload = async (): Promise<boolean> => {
    try {
      current = await loadDeviceTypes(dir, current);
      fault = undefined;
      log.info({ types: current.all().map(({ id }) => id) }, 'device types read again');
    } catch (error) {
      const reason = messageOf(error);
      fault = `device types not taken, the old ones stay: ${reason}`;
      log.error({ reason }, 'device types not taken, the old ones stay');
      return false;
    }
    for (const changed of followers) changed();
    return true;
  };
  const watcher = watch(dir, () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      reload().catch((error: unknown) => log.error({ err: error }, 'a follower of the device types failed'));
    }, settleMs);
  });
  watcher.on('error', (error) => {
    fault = `device types are watched no more: ${error.message}; start the hub again`;
    log.error({ reason: error.message }, 'device types are watched no more');
  });
  return types;
}

export function judged(definition: unknown, current: DeviceTypeCatalog): ReturnType<PublishedTypes['judge']> {
  try {
    const type = compileDeviceType(definition, 'the definition');
    const faults = changeFaults(type, current);
    return faults.length === 0 ? { type } : { faults };
  } catch (error) {
    if (error instanceof SchemaFault) return { faults: error.errors };
    throw error;
  }
}

/** @throws HubError `schema-invalid` with every fault for which it cannot join the others */
export function demandType(definition: unknown, current: DeviceTypeCatalog): DeviceType {
  const verdict = judged(definition, current);
  if ('type' in verdict) return verdict.type;
  const { faults } = verdict;
  const note = faults.map((each) => faultText(each, '/')).join('; ');
  throw new HubError('schema-invalid', note, { details: { errors: faults } });
}

/**
 * Writes the file of a device type, whole or not at all.
 * @throws HubError `schema-invalid` when the folder would not be taken with it · `types-read-only`
 */
async function writeDeviceType(
  { dir, readOnly }: { dir: string; readOnly: string | undefined },
  definition: unknown,
  current: DeviceTypeCatalog,
): Promise<DeviceType> {
  if (readOnly !== undefined) throw new HubError('types-read-only', readOnly);
  const type = demandType(definition, current);
  // With another file at fault the folder would be refused, and this one with it.
  await readDeviceTypes(dir);
  const draft = join(dir, `${type.id}.${randomUUID()}.draft`);
  try {
    await writeFile(draft, `${JSON.stringify(definition, null, 2)}\n`, { flush: true });
    await rename(draft, join(dir, `${type.id}.json`));
  } catch (error) {
    await rm(draft, { force: true }).catch(() => undefined);
    throw new HubError('types-read-only', messageOf(error), { cause: error });
  }
  return type;
}
