/** How configuration names look outside: `deviceListen` in the file is `HUB_DEVICE_LISTEN` in the environment. */

import { configNames, configType, type ConfigName } from '../../schemas/config.ts';
import { readJson } from '../../schemas/json-text.ts';

const secrets: ReadonlySet<string> = new Set([
  'influxPassword',
  'mqttPassword',
  'oidcClientSecret',
  'statePassword',
] satisfies ConfigName[]);

/** Values that no message, log line or answer may show. */
export function isSecret(name: string): boolean {
  return secrets.has(name);
}

/** `maxAgeSec` → `HUB_MAX_AGE_SEC`. */
export function environmentName(name: string): string {
  return `HUB_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

const byEnvironmentName = new Map(configNames.map((name) => [environmentName(name), name]));

type EnvironmentValue = { kind: 'value'; value: unknown } | { kind: 'fault'; rule: string };

/**
 * An environment text as the value the schema expects: numbers and lists have a text form of their own, the
 * notice payload is JSON. A text that does not look like a number stays text, so that the schema names the rule.
 */
function parseEnvironmentValue(name: ConfigName, text: string): EnvironmentValue {
  if (name === 'noticePayload') {
    const json = readJson(text);
    if (json.kind === 'unreadable')
      return { kind: 'fault', rule: 'JSON, such as {"text":"hello"} or "hello"' };
    const [fault] = json.faults ?? [];
    return fault === undefined
      ? { kind: 'value', value: json.value }
      : { kind: 'fault', rule: `${fault.expected} (${fault.path} ${fault.got})` };
  }
  switch (configType(name) ?? 'any') {
    case 'integer':
      return { kind: 'value', value: /^[+-]?\d+$/.test(text.trim()) ? Number(text) : text };
    case 'array': {
      const items = text.split(',').map((item) => item.trim());
      return { kind: 'value', value: items.filter((item) => item !== '') };
    }
    default:
      return { kind: 'value', value: text };
  }
}

export interface EnvironmentRead {
  values: Map<ConfigName, EnvironmentValue & { text: string }>;
  /** `HUB_*` names that mean nothing here. */
  unknown: string[];
}

/** Reads the `HUB_*` names. An empty text counts as not set: compose files pass names on that way. */
export function readEnvironment(env: Readonly<Record<string, string | undefined>>): EnvironmentRead {
  const read: EnvironmentRead = { values: new Map(), unknown: [] };
  for (const [key, text] of Object.entries(env)) {
    if (!key.startsWith('HUB_') || text === undefined || text === '') continue;
    const name = byEnvironmentName.get(key);
    if (name === undefined) read.unknown.push(key);
    else read.values.set(name, { ...parseEnvironmentValue(name, text), text });
  }
  return read;
}

export const environmentNames: readonly string[] = [...byEnvironmentName.keys()];
