import { SchemaFault } from '../../schemas/index.ts';
import { HubError } from '../kernel/errors.ts';

/** Used by the commands that read device types. @throws HubError `schema-invalid` */
export async function schemaFaultsAsHubErrors<T>(loading: Promise<T>): Promise<T> {
  try {
    return await loading;
  } catch (error) {
    if (error instanceof SchemaFault) throw new HubError('schema-invalid', error.message, { cause: error });
    throw error;
  }
}
