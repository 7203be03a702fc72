import type { Safety } from './api/roles.ts';
import type { DeviceTypeDefinition } from './device-type-definition.ts';
import type { Check } from './field-error.ts';
import type { TwinType } from './twin/twin-type.ts';

/** How a field is written to the store; the schema decides it, never the value. */
export type FieldKind = 'float' | 'integer' | 'boolean' | 'string';

export interface FieldSpec {
  name: string;
  kind: FieldKind;
  /** Written as a tag (a bounded enum marked `x-tag`), not as a field. */
  tag: boolean;
  /** Every reading has a value of it. */
  always?: true;
  /** UCUM code. */
  unit?: string;
  minimum?: number;
  maximum?: number;
  /** Alarm limits: values beyond are taken and raise an alarm. */
  low?: number;
  high?: number;
  /** How long a value is beyond a limit before it is an alarm. */
  delaySec?: number;
  /** How far a value comes back before the alarm is over; absent: see `hub/alarms/limits.ts`. */
  hysteresis?: number;
  /** The values there are, of a string with an `enum`. */
  values?: readonly string[];
  title?: string;
}

export interface StreamType {
  name: string;
  /** Type name and stream joined by `_`, `-` written `_`: `env_sensor_env`. */
  measurement: string;
  check: Check;
  fields: readonly FieldSpec[];
  /** Fields that a reading may have null for. */
  nullable: readonly string[];
}

export interface EventType {
  name: string;
  /** Judges `data`; absent data counts as `{}`. */
  check: Check;
}

/** What happens to a command for a device that is not connected: refused, kept in order, or only the newest kept. */
export type OfflinePolicy = 'reject' | 'queue' | 'latest';

/** `critical` is never queued. */
export type { Safety };

export interface CommandType {
  name: string;
  /** Absent params count as `{}`. */
  checkParams: Check;
  /** Absent output counts as `{}`. */
  checkOutput: Check;
  /** The JSON Schemas, for forms and documentation. */
  params: object;
  output: object;
  offline: OfflinePolicy;
  safety: Safety;
  ttlSec: number;
  idempotent: boolean;
  /** So many commands may be under way on the device while this one is, itself included. */
  concurrency: number;
}

export interface DeviceType {
  /** `env-sensor@1` */
  id: string;
  name: string;
  version: number;
  /** The name when the file gives none. */
  title: string;
  streams: ReadonlyMap<string, StreamType>;
  events: ReadonlyMap<string, EventType>;
  commands: ReadonlyMap<string, CommandType>;
  /** Not given: its devices have no twin. */
  twin?: TwinType | undefined;
  /** Its devices take new firmware from the hub. */
  updatesFirmware: boolean;
  /** Its devices may send lines of their log. */
  logs: boolean;
  /** `maxHeartbeatSec`: the longest heartbeat a device may ask for. */
  presence: {
    heartbeatSec: number;
    graceSec: number;
    maxHeartbeatSec: number;
    /** Offline for longer is an alarm; not given: never. */
    alarmAfterSec?: number;
  };
  /** As its file says it. */
  definition: DeviceTypeDefinition;
}

export interface DeviceTypeCatalog {
  get(id: string): DeviceType | undefined;
  all(): readonly DeviceType[];
}
