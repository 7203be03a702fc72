import { fileURLToPath } from 'node:url';
import { loadDeviceTypes, SchemaFault, type DeviceType } from '../../schemas/index.ts';
import { UsageFault } from '../cli/sim-context.ts';
import { simulatedTypes } from './device-models.ts';

/** The device type to simulate, from `--type` and `--schemas`. */

export const typeHelp = `one of ${simulatedTypes.join(', ')}, or with --schemas any type of that folder`;
/** The folder of the device types that come with the project. */
export const shippedTypes = fileURLToPath(new URL('../../schemas/device-types', import.meta.url));

export const schemasHelp = 'folder of your own device types, simulated from their schemas';

/** @throws UsageFault naming the known types */
export async function playedType({
  type,
  schemas,
}: {
  type: string;
  schemas?: string;
}): Promise<string | DeviceType> {
  if (schemas === undefined) {
    if (simulatedTypes.includes(type)) return type;
    throw new UsageFault(
      `there is no simulated device of type ${type}; known types: ${simulatedTypes.join(', ')}. To simulate a type of your own, give its folder: --schemas FOLDER`,
    );
  }
  return findType(type, schemas);
}

/** @throws UsageFault naming the types of the folder */
export async function findType(type: string, folder: string): Promise<DeviceType> {
  const types = await loadTypes(folder);
  const found = types.find(({ id }) => id === type);
  if (found !== undefined) return found;
  throw new UsageFault(
    `there is no device type ${type} in ${folder}; known types: ${types.map(({ id }) => id).join(', ')}`,
  );
}

/** The device types of a folder. @throws UsageFault with the first fault in them */
export async function loadTypes(folder: string): Promise<readonly DeviceType[]> {
  try {
    return (await loadDeviceTypes(folder)).all();
  } catch (error) {
    if (error instanceof SchemaFault) throw new UsageFault(error.message);
    throw error;
  }
}
