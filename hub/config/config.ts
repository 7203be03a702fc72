/** The configuration: defaults ← file ← environment, checked as a whole, frozen. */

import { resolve } from 'node:path';
import type { ConfigSetting } from '../../schemas/api/hub.ts';
import { cutText } from '../../schemas/cut-text.ts';
import { fileURLToPath } from 'node:url';
import {
  checkConfig,
  configDefaults,
  configNames,
  placelessOrigins,
  type ConfigName,
  type ConfigValues,
} from '../../schemas/config.ts';
import { readRoleRule, type RoleRule } from '../../schemas/api/roles.ts';
import { nearestName } from '../../schemas/nearest-name.ts';
import { environmentName, environmentNames, isSecret, readEnvironment } from './names.ts';
import { configWarnings, crossFaults, parseListen } from './rules.ts';
import { HubError, messageOf } from '../kernel/errors.ts';
import type { ListenAddress } from '../kernel/listener-address.ts';
import type { DeviceTlsSource } from '../kernel/tls-source.ts';

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
  readonly state?:
    | {
        readonly url: string;
        readonly username?: string | undefined;
        readonly password?: string | undefined;
      }
    | undefined;
  /** Undefined: the embedded store. */
  readonly influx?:
    | {
        readonly url: string;
        readonly database: string;
        readonly username?: string | undefined;
        readonly password?: string | undefined;
      }
    | undefined;
  readonly mqtt: {
    /** Undefined: the embedded broker. */
    readonly url?: string | undefined;
    readonly username?: string | undefined;
    readonly password?: string | undefined;
    readonly root: string;
  };
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

export interface ConfigSources {
  env: Readonly<Record<string, string | undefined>>;
  /** The parsed configuration file, when there is one. */
  file?: unknown;
  /** Its name, for messages. */
  fileName?: string;
  /** Where relative paths start; absolute. */
  cwd: string;
  isCron: (expression: string) => boolean;
  /** The text of a file that holds a secret; throws when it cannot be read. */
  readFile: (path: string) => string;
}

/** `name` as the operator wrote it, `rule` what must hold, `got` the value (secrets hidden). */
export interface NamedFault {
  name: string;
  rule: string;
  got?: unknown;
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

/** Files the configuration names and others judge; absolute paths. */
export interface NamedFiles {
  /** Undefined while the name itself has a fault. */
  readonly schemasDir: string | undefined;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsClientCa?: string;
  readonly firmwareKey?: string;
}

/** @param values those without a fault */
function namedFiles(values: Partial<ConfigValues>, cwd: string): NamedFiles {
  const given = (['tlsCert', 'tlsKey', 'tlsClientCa', 'firmwareKey'] as const).flatMap((name) => {
    const file = values[name];
    return file === undefined ? [] : [[name, resolve(cwd, file)] as const];
  });
  return { schemasDir: schemasFolder(values.schemasDir, cwd), ...Object.fromEntries(given) };
}

function schemasFolder(schemasDir: string | undefined, cwd: string): string {
  return schemasDir === undefined ? ownSchemasDir : resolve(cwd, schemasDir);
}

/** The device types that come with the hub. */
export const ownSchemasDir = fileURLToPath(new URL('../../schemas/device-types', import.meta.url));

/** One reading of the sources: gathers values and faults, and remembers who set what. */
class ConfigReader {
  readonly warnings: string[] = [];
  readonly #sources: ConfigSources;
  readonly #faults: NamedFault[] = [];
  readonly #values: Record<string, unknown> = configDefaults();
  readonly #origin = new Map<string, 'file' | 'environment'>();
  /** Names with a fault of their own: rules that join values leave them out. */
  readonly #faulty = new Set<string>();

  constructor(sources: ConfigSources) {
    this.#sources = sources;
  }

  read(): ConfigValues {
    this.#takeFile();
    this.#takeEnvironment();
    for (const secret of configNames.filter(isSecret)) this.#takeSecretFile(secret);
    const checked = checkConfig(this.#values);
    for (const { path, rule, got } of checked.kind === 'invalid' ? checked.faults : []) {
      const [, name = '', ...rest] = path.split('/');
      this.#fault(name, rule, got, rest);
    }
    const sound = Object.fromEntries(
      Object.entries(this.#values).filter(([name]) => !this.#faulty.has(name)),
    );
    const given = (name: ConfigName): boolean => this.#origin.has(name);
    for (const { name, rule } of crossFaults(sound, given, this.#sources.isCron)) {
      this.#fault(name, rule, this.#values[name]);
    }
    if (checked.kind === 'invalid' || this.#faults.length > 0) {
      const files = namedFiles(sound, this.#sources.cwd);
      const known = this.#faulty.has('schemasDir') ? { ...files, schemasDir: undefined } : files;
      throw invalidConfig(this.#faults, known);
    }
    const { values } = checked;
    this.warnings.push(...configWarnings(values, given, (name) => this.#named(name)));
    return values;
  }

  /** What is in effect, by name, and where it comes from. */
  settings(values: ConfigValues): ConfigSetting[] {
    const given = new Map<string, unknown>(Object.entries(values));
    return configNames.toSorted().map((name) => {
      const value = given.get(name);
      return {
        name,
        environment: environmentName(name),
        value: value === undefined ? null : isSecret(name) ? '(hidden)' : value,
        from: this.#origin.get(name) ?? 'default',
      };
    });
  }

  #takeFile(): void {
    const { file } = this.#sources;
    if (file === undefined) return;
    if (typeof file !== 'object' || file === null || Array.isArray(file)) {
      this.#faults.push({ name: this.#fileName, rule: 'must be one JSON object', got: file });
      return;
    }
    for (const [name, value] of Object.entries(file)) {
      if (name === '$schema') continue;
      if (!(configNames as string[]).includes(name)) {
        this.#faults.push({
          name: `${name} (${this.#fileName})`,
          rule: `is not a known name${suggestion(name, configNames)}`,
        });
        continue;
      }
      this.#values[name] = value;
      this.#origin.set(name, 'file');
    }
  }

  #takeEnvironment(): void {
    const { values, unknown } = readEnvironment(this.#sources.env);
    for (const [name, read] of values) {
      this.#origin.set(name, 'environment');
      if (read.kind === 'value') this.#values[name] = read.value;
      else this.#fault(name, read.rule, read.text);
    }
    for (const name of unknown) {
      this.warnings.push(
        `${name} in the environment means nothing to the hub${suggestion(name, environmentNames)}`,
      );
    }
  }

  /** `influxPasswordFile` names a file that holds `influxPassword`; the environment's word of the two wins. */
  #takeSecretFile(secret: ConfigName): void {
    const pointer = `${secret}File`;
    const path = this.#values[pointer];
    if (typeof path !== 'string' || path === '') return;
    const from = this.#origin.get(pointer);
    const direct = this.#origin.get(secret);
    if (direct !== undefined && direct === from) {
      this.#fault(pointer, `absent while ${this.#named(secret)} is given too`, path);
      return;
    }
    if (direct === 'environment') return;
    try {
      this.#values[secret] = this.#sources.readFile(resolve(this.#sources.cwd, path)).replace(/\r?\n$/, '');
      this.#origin.set(secret, from ?? 'file');
    } catch (error) {
      this.#fault(pointer, `a file that can be read (${messageOf(error)})`, path);
    }
  }

  #fault(name: string, rule: string, got: unknown, rest: readonly string[] = []): void {
    this.#faulty.add(name);
    const place = [this.#named(name), ...rest].join('/');
    // A URL may have credentials before its host, or in its query.
    const hidden = isSecret(name) || /:\/\/.*[@?]/.test(JSON.stringify(got) ?? '');
    this.#faults.push({
      name: place,
      rule: `must be ${rule}`,
      ...(got === undefined ? {} : { got: hidden ? '(hidden)' : got }),
    });
  }

  /** The name as the operator knows it. */
  #named(name: string): string {
    if (this.#origin.get(name) === 'file') return `${name} (${this.#fileName})`;
    return environmentName(name);
  }

  get #fileName(): string {
    return this.#sources.fileName ?? 'the configuration file';
  }
}

function suggestion(name: string, known: readonly string[]): string {
  const nearest = nearestName(name, known);
  return nearest === undefined ? '' : `; did you mean ${nearest}?`;
}

/** HubError `config-invalid` with a line for each fault. */
export function invalidConfig(faults: readonly NamedFault[], files?: NamedFiles): HubError {
  const lines = faults.map(
    ({ name, rule, got }) => `${name} ${rule}${got === undefined ? '' : `; it is ${shown(got)}`}`,
  );
  return new HubError('config-invalid', lines.join('\n'), { details: { faults, files } });
}

/** A value in a message: as JSON, and short. */
function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 80 ? `${cutText(text, 77)}...` : text;
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
