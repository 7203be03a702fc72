/** Reads the values of the configuration from all its sources, and says what is wrong with them. */

import { resolve } from 'node:path';
import type { ConfigSetting } from '../../schemas/api/hub.ts';
import {
  checkConfig,
  configDefaults,
  configNames,
  type ConfigName,
  type ConfigValues,
} from '../../schemas/config.ts';
import { nearestName } from '../../schemas/nearest-name.ts';
import { messageOf } from '../kernel/errors.ts';
import { invalidConfig, type NamedFault } from './config-fault.ts';
import { namedFiles } from './named-files.ts';
import { environmentName, environmentNames, isSecret, readEnvironment } from './names.ts';
import { configWarnings, crossFaults } from './rules.ts';

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

/** One reading of the sources: gathers values and faults, and remembers who set what. */
export class ConfigReader {
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
