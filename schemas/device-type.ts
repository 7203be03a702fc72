import type { Safety } from './api/roles.ts';
import type { DeviceTypeDefinition } from './device-type-definition.ts';
import type { Check } from './field-error.ts';
import type { TwinType } from './twin/twin-type.ts';

/** The type of a field in the store. The schema decides it, never the value. */
export type FieldKind = 'float' | 'integer' | 'boolean' | 'string';

export interface FieldSpec {
  name: string;
  kind: FieldKind;
  /** Whether it is written as a tag (a bounded enum marked `x-tag`) instead of a field. */
  tag: boolean;
  /** Every reading has a value for it. */
  always?: true;
  /** UCUM code. */
  unit?: string;
  minimum?: number;
  maximum?: number;
  /** Alarm limits. Values beyond them are accepted, and raise an alarm. */
  low?: number;
  high?: number;
  /** How long a value is beyond a limit before it is an alarm. */
  delaySec?: number;
  /** How far a value comes back before the alarm is over; absent: see `hub/alarms/limits.ts`. */
  hysteresis?: number;
  /** The possible values of a string with an `enum`. */
  values?: readonly string[];
  title?: string;
}

export interface StreamType {
  name: string;
  /** Type name and stream joined by `_`, with `_` for every `-`: `env_sensor_env`. */
  measurement: string;
  check: Check;
  fields: readonly FieldSpec[];
  /** Fields that may be null in a reading. */
  nullable: readonly string[];
}

export interface EventType {
  name: string;
  /** Judges `data`; absent data counts as `{}`. */
  check: Check;
}

/** A command for a device that is not connected is refused, queued in order, or queued in place of an older one. */
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
  /** The most commands under way on the device while this one is, itself included. */
  concurrency: number;
}

export interface DeviceType {
  /** `env-sensor@1` */
  id: string;
  name: string;
  version: number;
  /** The title; the name when the file has no title. */
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
  /** The definition as in its file. */
  definition: DeviceTypeDefinition;
}

export interface DeviceTypeCatalog {
  get(id: string): DeviceType | undefined;
  all(): readonly DeviceType[];
}
