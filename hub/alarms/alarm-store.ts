import type { Silence } from '../../schemas/api/alarms.ts';
import type { Alarm } from './alarm.ts';
import type { WebhookDelivery } from './webhook-store.ts';

/** An alarm with whose it is, as the next hub resumes it. */
export interface AlarmRow extends Alarm {
  /** Its id; the empty text: the hub itself. */
  readonly device: string;
  /** Rises with each alarm that is raised. */
  readonly n: number;
}

/** Which alarm; there is one at most. */
export type AlarmName = Pick<AlarmRow, 'device' | 'source'>;

export function alarmKey({ device, source }: AlarmName): string {
  return `${device} ${source}`;
}

/** As it is in the store. */
export interface StoredAlarm {
  readonly row: AlarmRow;
  /** The number of its last change, where several hubs change it; it rises. */
  readonly rev?: number | undefined;
}

export interface AlarmChange {
  readonly name: AlarmName;
  /** Undefined: it is not kept any more. */
  readonly row: AlarmRow | undefined;
  /** The change that it was made of; undefined: there was no such alarm. A store of one hub does not ask. */
  readonly from?: number | undefined;
  /** What webhooks are owed for it. */
  readonly deliveries: readonly WebhookDelivery[];
}

/** What became of a change. */
export type AlarmSaved =
  | { readonly kind: 'saved'; readonly rev?: number | undefined }
  /** The device is not registered any more. */
  | { readonly kind: 'not-kept' }
  /** Another hub has changed the alarm in the meantime, to this. */
  | { readonly kind: 'overtaken'; readonly now: StoredAlarm | undefined };

/** Every method may reject with HubError `database-failed`. */
export interface AlarmStore {
  /** Of devices that are registered, and this hub's own; the one raised first comes first. */
  load(): Promise<StoredAlarm[]>;
  /** Each row replaces what was there of its name; all in one transaction. @returns of each change what became of it, in their order */
  save(changes: readonly AlarmChange[]): Promise<AlarmSaved[]>;
}

export interface AlarmNews {
  /** Alarms of devices as they are now; undefined: not kept any more. */
  readonly alarms: readonly { readonly name: AlarmName; readonly now: StoredAlarm | undefined }[];
  /** Whether there are other silences, or other webhooks. */
  readonly silences: boolean;
  readonly webhooks: boolean;
}

/** Where several hubs share alarms. It may reject with HubError `database-failed`. */
export interface AlarmNewsStore {
  /** What this hub or another has changed since the last call; the first one only says from where on. */
  changed(): Promise<AlarmNews>;
}

/** Every method may reject with HubError `database-failed`. */
export interface SilenceStore {
  load(): Promise<Silence[]>;
  save(silence: Silence): Promise<void>;
  remove(ids: readonly string[]): Promise<void>;
}
