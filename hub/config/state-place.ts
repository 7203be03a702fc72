import { HubError } from '../kernel/errors.ts';
import type { Config } from './config.ts';

/**
 * For what only works on a state in the data folder.
 * @param wayOut what to do with one that is in PostgreSQL
 * @throws HubError `data-dir-invalid`
 */
export function demandStateHere({ state }: Pick<Config, 'state'>, wayOut: string): void {
  if (state === undefined) return;
  throw new HubError('data-dir-invalid', `its state is in PostgreSQL (HUB_STATE_URL)${wayOut}`);
}

/** The database that the state is, or goes, to. @throws HubError `config-invalid` */
export function demandStateElsewhere({ state }: Pick<Config, 'state'>): NonNullable<Config['state']> {
  if (state !== undefined) return state;
  const note =
    'HUB_STATE_URL must be the PostgreSQL database that gets the state: postgres://HOST:PORT/DATABASE';
  throw new HubError('config-invalid', note);
}
