/** The configuration: defaults ← file ← environment, checked as a whole, frozen. */

import { resolve } from 'node:path';
import type { ConfigSetting } from '../../schemas/api/hub.ts';
import { readRoleRule, type RoleRule } from '../../schemas/api/roles.ts';
import { placelessOrigins, type ConfigName, type ConfigValues } from '../../schemas/config.ts';
import type { ListenAddress } from '../kernel/listener-address.ts';
import type { DeviceTlsSource } from '../kernel/tls-source.ts';
import { ConfigReader, type ConfigSources } from './config-reader.ts';
import { namedFiles, schemasFolder, type NamedFiles } from './named-files.ts';
import { parseListen } from './rules.ts';

/** Settings that the hub holds in another shape than they are written in. */
const reshaped = [
  'deviceListen',
  'adminListen',
  'peerListen',
  'peerUrl',
  'brokerListen',
  'adminOrigins',
  'allowedOrigins',
  'tls',
  'tlsCert',
  'tlsKey',
  'tlsClientCa',
  'dataDir',
  'stateUrl',
  'stateUsername',
  'statePassword',
  'statePasswordFile',
  'influxUrl',
  'influxDatabase',
  'influxUsername',
  'influxPassword',
  'influxPasswordFile',
  'mqttUrl',
  'mqttUsername',
  'mqttPassword',
  'mqttPasswordFile',
  'mqttRoot',
  'oidcIssuer',
  'oidcClientId',
  'oidcClientSecret',
  'oidcClientSecretFile',
  'oidcScopes',
  'oidcNameClaim',
  'oidcRoleClaim',
  'oidcRoles',
  'schemasDir',
  'firmwareKey',
  'rollUps',
  'noticeCron',
  'noticePayload',
] as const satisfies readonly ConfigName[];

/** The settings that stay as they are written. */
type Kept = Omit<ConfigValues, (typeof reshaped)[number]>;

/** Another program that the hub uses, and how it signs in there. */
interface Service {
  readonly url: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
}

export interface Config extends Readonly<Kept> {
  readonly deviceListen: ListenAddress;
  readonly adminListen: ListenAddress;
  /** As browsers send them. */
  readonly adminOrigins: readonly string[];
  /** Where other hubs ask this one, and how they reach it, if not by the name of this machine. */
  readonly peer: { readonly listen: ListenAddress; readonly url?: string | undefined };
  /** Of the embedded broker; not used with `mqtt.url`. */
  readonly brokerListen: ListenAddress;
  readonly tls: DeviceTlsSource;
  /** As browsers send them: lower case, without a path. */
  readonly allowedOrigins: readonly string[];
  /** Absolute. */
  readonly dataDir: string;
  /** PostgreSQL for the state; undefined: `state.db` in the data folder. */
  readonly state?: Service | undefined;
  /** Undefined: the embedded store. */
  readonly influx?: (Service & { readonly database: string }) | undefined;
  /** Without a URL: the embedded broker. */
  readonly mqtt: Omit<Service, 'url'> & { readonly url?: string | undefined; readonly root: string };
  /** The identity provider by which people may sign in; undefined: none. */
  readonly oidc?:
    | {
        readonly issuer: string;
        readonly clientId: string;
        readonly clientSecret?: string | undefined;
        readonly scopes: readonly string[];
        readonly nameClaim: string;
        readonly roleClaim: string;
        readonly roles: readonly RoleRule[];
      }
    | undefined;
  /** Absolute. */
  readonly schemasDir: string;
  /** The public key of who owns the firmware, absolute; undefined: the devices alone check signatures. */
  readonly firmwareKey?: string | undefined;
  readonly rollUps: boolean;
  /** Every setting as it is in effect, for people to read. */
  readonly settings: readonly ConfigSetting[];
  readonly notice?: { readonly cron: string; readonly payload: unknown } | undefined;
}

/**
 * Reads the whole configuration.
 * @returns `files`: what others judge, see `file-faults.ts`
 * @throws HubError `config-invalid`; `details.faults` has every fault as a `NamedFault`, `details.files` the
 *   `NamedFiles` whose own names have none
 */
export function readConfig(sources: ConfigSources): {
  config: Config;
  warnings: string[];
  files: NamedFiles;
} {
  const reader = new ConfigReader(sources);
  const values = reader.read();
  const { cwd } = sources;
  return {
    config: nested(values, cwd, reader.settings(values)),
    warnings: reader.warnings,
    files: namedFiles(values, cwd),
  };
}

function nested(values: ConfigValues, cwd: string, settings: readonly ConfigSetting[]): Config {
  const path = (file: string): string => resolve(cwd, file);
  const { influxUrl, mqttUrl, stateUrl } = values;
  return deepFreeze({
    ...kept(values),
    settings,
    deviceListen: parseListen(values.deviceListen),
    adminListen: parseListen(values.adminListen),
    peer: { listen: parseListen(values.peerListen), url: values.peerUrl },
    brokerListen: parseListen(values.brokerListen),
    adminOrigins: values.adminOrigins.map((origin) => new URL(origin).origin),
    tls: tlsOf(values, path),
    // A browser sends the serialized origin (RFC 6454 §6.2): lower case, default port left out.
    allowedOrigins: values.allowedOrigins.map((origin) =>
      placelessOrigins.includes(origin) ? origin : new URL(origin).origin,
    ),
    dataDir: path(values.dataDir),
    state:
      stateUrl === undefined
        ? undefined
        : { url: stateUrl, username: values.stateUsername, password: values.statePassword },
    influx:
      influxUrl === undefined
        ? undefined
        : {
            url: influxUrl.replace(/\/+$/, ''),
            database: values.influxDatabase,
            username: values.influxUsername,
            password: values.influxPassword,
          },
    mqtt: {
      url: mqttUrl,
      username: values.mqttUsername,
      password: values.mqttPassword,
      root: values.mqttRoot,
    },
    oidc: oidcOf(values),
    schemasDir: schemasFolder(values.schemasDir, cwd),
    firmwareKey: values.firmwareKey === undefined ? undefined : path(values.firmwareKey),
    rollUps: values.rollUps === '1m',
    notice:
      values.noticeCron === undefined
        ? undefined
        : { cron: values.noticeCron, payload: values.noticePayload },
  });
}

function oidcOf(values: ConfigValues): Config['oidc'] {
  const { oidcIssuer: issuer, oidcClientId: clientId } = values;
  if (issuer === undefined || clientId === undefined) return undefined;
  return {
    issuer,
    clientId,
    clientSecret: values.oidcClientSecret,
    scopes: values.oidcScopes,
    nameClaim: values.oidcNameClaim,
    roleClaim: values.oidcRoleClaim,
    roles: values.oidcRoles.map((text) => readRoleRule(text)).filter((rule) => rule !== undefined),
  };
}

function kept(values: ConfigValues): Kept {
  const others: ReadonlySet<string> = new Set(reshaped);
  return Object.fromEntries(Object.entries(values).filter(([name]) => !others.has(name))) as unknown as Kept;
}

function tlsOf(values: ConfigValues, path: (file: string) => string): DeviceTlsSource {
  if (values.tls !== undefined) return { mode: values.tls };
  const clientCa = values.tlsClientCa === undefined ? undefined : path(values.tlsClientCa);
  const { tlsCert, tlsKey } = values;
  if (tlsCert === undefined || tlsKey === undefined) return { mode: 'own', clientCa };
  return { mode: 'given', cert: path(tlsCert), key: path(tlsKey), clientCa };
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) deepFreeze(inner);
    Object.freeze(value);
  }
  return value;
}
