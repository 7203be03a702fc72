import type { Silence } from '../../schemas/api/alarms.ts';
import type { Alarm } from './alarm.ts';
import type { Delivery } from './webhook-store.ts';

/** An alarm with whose it is, as the next hub resumes it. */
export interface AlarmRow extends Alarm {
  /** Its id; the empty text: the hub itself. */
  readonly device: string;
  /** Rises with each alarm that is raised. */
  readonly n: number;
}

/** Which alarm, of those that are not kept any more. */
export type AlarmName = Pick<AlarmRow, 'device' | 'source'>;

/** Every method may reject with HubError `database-failed`. */
export interface AlarmStore {
  /** Of devices that are registered, and the hub's own; the one raised first comes first. */
  load(): Promise<AlarmRow[]>;
  /** Each row replaces what was there of its name; all in one transaction. */
  save(
    rows: readonly AlarmRow[],
    dropped: readonly AlarmName[],
    deliveries: readonly Delivery[],
  ): Promise<void>;
}

/** Every method may reject with HubError `database-failed`. */
export interface SilenceStore {
  load(): Promise<Silence[]>;
  save(silence: Silence): Promise<void>;
  remove(ids: readonly string[]): Promise<void>;
}
