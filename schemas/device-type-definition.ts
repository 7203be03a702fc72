import type { OfflinePolicy, Safety } from './device-type.ts';

/** A device type as in its file, once the meta-schema has accepted it. */
export interface DeviceTypeDefinition {
  name: string;
  version: number;
  title?: string;
  description?: string;
  streams?: Record<string, ObjectDefinition>;
  events?: Record<string, ObjectDefinition>;
  commands?: Record<string, CommandDefinition>;
  twin?: TwinDefinition;
  /** `updates`: its devices take new firmware from the hub. */
  firmware?: { updates: boolean };
  /** Its devices may send lines of their log. */
  logs?: boolean;
  presence: { heartbeatSec: number; graceSec?: number; maxHeartbeatSec?: number; alarmAfterSec?: number };
}

export interface CommandDefinition {
  title?: string;
  description?: string;
  params?: ObjectDefinition;
  output?: ObjectDefinition;
  offline?: OfflinePolicy;
  safety: Safety;
  ttlSec?: number;
  idempotent?: boolean;
  concurrency?: number;
}

/** What devices of the type should hold, and what they report to hold. */
export interface TwinDefinition {
  desired: ObjectDefinition;
  reported: ObjectDefinition;
}

export interface ObjectDefinition {
  type: 'object';
  title?: string;
  description?: string;
  properties?: Record<string, ValueDefinition>;
  required?: string[];
  anyOf?: { required: string[] }[];
  minProperties?: number;
  additionalProperties: false;
}

export interface ArrayDefinition {
  type: 'array';
  title?: string;
  description?: string;
  items: ValueDefinition;
  minItems?: number;
  maxItems: number;
}

export interface ScalarDefinition {
  type: 'number' | 'integer' | 'boolean' | 'string';
  title?: string;
  description?: string;
  unit?: string;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  minLength?: number;
  maxLength?: number;
  enum?: string[];
  const?: string;
  /** For a setting: the device's own value where nothing is desired. */
  default?: number | boolean | string;
  /** A reading may have null for it: the field is left out. */
  nullable?: true;
  'x-tag'?: true;
  'x-low'?: number;
  'x-high'?: number;
  /** How long a value is beyond a limit before it is an alarm. */
  'x-delaySec'?: number;
  /** How far a value must come back before the alarm is over. */
  'x-hysteresis'?: number;
  /** The resolution. Generated code rounds to it. */
  'x-step'?: number;
}

export type ValueDefinition = ObjectDefinition | ArrayDefinition | ScalarDefinition;

/** The object that a command without parameters, or without output, carries. */
export const emptyObject: ObjectDefinition = Object.freeze({
  type: 'object',
  properties: {},
  additionalProperties: false,
});

/**
 * The same schema with every integer bounded to what JSON carries exactly (RFC 8259 §6): ±(2^53 − 1).
 * Recursive; the depth of a definition is bounded.
 */
export function withSafeIntegers<Definition extends ValueDefinition>(definition: Definition): Definition;
export function withSafeIntegers(definition: ValueDefinition): ValueDefinition {
  switch (definition.type) {
    case 'integer':
      return {
        ...definition,
        minimum: definition.minimum ?? Number.MIN_SAFE_INTEGER,
        maximum: definition.maximum ?? Number.MAX_SAFE_INTEGER,
      };
    case 'array':
      return { ...definition, items: withSafeIntegers(definition.items) };
    case 'object': {
      const entries = Object.entries(definition.properties ?? {});
      return {
        ...definition,
        properties: Object.fromEntries(entries.map(([name, member]) => [name, withSafeIntegers(member)])),
      };
    }
    case 'number':
    case 'boolean':
    case 'string':
  }
  return definition;
}
