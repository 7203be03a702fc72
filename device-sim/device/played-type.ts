import { loadDeviceTypes, SchemaFault, type DeviceType } from '../../schemas/index.ts';
import { UsageFault } from '../cli/cli-context.ts';
import { simulatedTypes } from './device-models.ts';

/** The type that a simulated device plays, as `--type` and `--schemas` name it. */

export const typeHelp = `one of ${simulatedTypes.join(', ')}, or with --schemas any of that folder`;
export const schemasHelp = 'device types of your own, played by their schemas: values within their limits';

/** @throws UsageFault naming the types there are */
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
      `no simulated device of type ${type}; there are ${simulatedTypes.join(', ')}. Another one is played by its schemas: --schemas FOLDER`,
    );
  }
  const types = await loadTypes(schemas);
  const found = types.find(({ id }) => id === type);
  if (found !== undefined) return found;
  throw new UsageFault(
    `no device type ${type} in ${schemas}; there are ${types.map(({ id }) => id).join(', ')}`,
  );
}

/** The device types of a folder. @throws UsageFault with the first fault of theirs */
export async function loadTypes(folder: string): Promise<readonly DeviceType[]> {
  try {
    return (await loadDeviceTypes(folder)).all();
  } catch (error) {
    if (error instanceof SchemaFault) throw new UsageFault(error.message);
    throw error;
  }
}
