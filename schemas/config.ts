/** The schema of the configuration: names, defaults, and the check of all values together. */

import { Ajv2020 } from 'ajv/dist/2020.js';
import schema from './config.schema.json' with { type: 'json' };
import { describeError } from './field-error.ts';
import { valueAt } from './json-pointer.ts';

/** Origins that browsers give to pages without a host, such as a file. No URL has these origins (RFC 6454 §7.3). */
export const placelessOrigins: readonly string[] = ['null', 'file://'];

/** Every setting with its type, named as in the file. `HUB_…` names map to these one to one. */
export interface ConfigValues {
  deviceListen: string;
  tls?: 'off' | 'terminated';
  tlsCert?: string;
  tlsKey?: string;
  tlsClientCa?: string;
  allowedOrigins: readonly string[];
  trustedProxies: readonly string[];
  webhookAllow: readonly string[];
  maxSocketsPerAddress: number;
  maxPendingPerAddress: number;
  adminListen: string;
  adminOrigins: readonly string[];
  oidcIssuer?: string;
  oidcClientId?: string;
  oidcClientSecret?: string;
  oidcClientSecretFile?: string;
  oidcScopes: readonly string[];
  oidcNameClaim: string;
  oidcRoleClaim: string;
  oidcRoles: readonly string[];
  dataDir: string;
  stateUrl?: string;
  stateUsername?: string;
  statePassword?: string;
  statePasswordFile?: string;
  influxUrl?: string;
  influxDatabase: string;
  influxUsername?: string;
  influxPassword?: string;
  influxPasswordFile?: string;
  peerListen: string;
  peerUrl?: string;
  brokerListen: string;
  brokerAnonymous?: 'off' | 'viewer' | 'operator';
  mqttUrl?: string;
  mqttUsername?: string;
  mqttPassword?: string;
  mqttPasswordFile?: string;
  mqttRoot: string;
  tracesUrl?: string;
  fanOut: 'all' | 'events' | 'off';
  homeAssistant: 'off' | 'on';
  homeAssistantPrefix: string;
  homeAssistantCommands: readonly string[];
  schemasDir?: string;
  ackDelayMs: number;
  inFlight: number;
  maxAgeSec: number;
  maxAheadSec: number;
  backfillMaxAgeDays: number;
  messagesPerSec: number;
  logsPerSec: number;
  totalMessagesPerSec: number;
  spool: 'local' | 'state';
  spoolMaxMib: number;
  deadLettersMax: number;
  diskReserveMib: number;
  embeddedMaxMib: number;
  firmwareMaxMib: number;
  firmwareKey?: string;
  artifactDownloads: number;
  rollUps: 'off' | '1m';
  rawRetentionDays?: number;
  backoffMaxMs: number;
  acceptPerSec: number;
  restartMs: number;
  noticeCron?: string;
  noticePayload?: unknown;
  logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';
}

export type ConfigName = keyof ConfigValues;

/** `path` is a JSON pointer, `rule` says in words what the value must be, and `got` is the value. */
export interface ConfigFault {
  path: string;
  rule: string;
  got: unknown;
}

/** The parts of a property that are read here. The schema is our own file, and tests ensure this shape. */
const properties = new Map(
  Object.entries(schema.properties as Record<string, { default?: unknown; type?: string }>),
);

export const configNames = [...properties.keys()].filter((name) => name !== '$schema') as ConfigName[];

/** The JSON type of a setting (`integer`, `array`, …); undefined when it takes any JSON value or one of a list of words. */
export function configType(name: ConfigName): string | undefined {
  return properties.get(name)?.type;
}

/** A new object with the default of every setting that has one. */
export function configDefaults(): Record<string, unknown> {
  const defaults = configNames.flatMap((name) => {
    const value = properties.get(name)?.default;
    return value === undefined ? [] : [[name, structuredClone(value)] as const];
  });
  return Object.fromEntries(defaults);
}

// Collects all faults, which is safe here: a configuration is read once and comes from the operator.
const ajv = new Ajv2020({ strict: true, allErrors: true, verbose: true, ownProperties: true });
// A keyword for editors: the meaning of a pattern in words.
ajv.addKeyword({ keyword: 'patternErrorMessage', schemaType: 'string' });
const validate = ajv.compile<ConfigValues>(schema);

export type ConfigCheck =
  | { kind: 'valid'; values: ConfigValues }
  /** Every fault. */
  | { kind: 'invalid'; faults: ConfigFault[] };

/** Checks a flat configuration. */
export function checkConfig(value: unknown): ConfigCheck {
  if (validate(value)) return { kind: 'valid', values: value };
  const faults = (validate.errors ?? []).map((error) => {
    const { path, expected } = describeError(error, value);
    const inWords: unknown =
      error.keyword === 'pattern' ? error.parentSchema?.['patternErrorMessage'] : undefined;
    return { path, rule: typeof inWords === 'string' ? inWords : expected, got: valueAt(value, path) };
  });
  return { kind: 'invalid', faults };
}
