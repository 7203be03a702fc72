import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { topicsOf } from '../../../hub/bus/topics.ts';
import { environmentName } from '../../../hub/config/names.ts';
import { readConfig } from '../../../hub/config/config.ts';
import type { ConfigSources } from '../../../hub/config/config-reader.ts';
import { HubError } from '../../../hub/kernel/errors.ts';
import { cronTimes } from '../../../hub/wiring/cron-times.ts';
import { configNames, type ConfigName } from '../../../schemas/config.ts';
import { hostileJson, hostileName, hostileNumber, hostileText } from '../../helpers/fuzz/hostile-values.ts';

/** Settings that need another one. */
const companions: Partial<Record<ConfigName, Readonly<Partial<Record<ConfigName, string | string[]>>>>> = {
  tlsCert: { tlsKey: 'key.pem' },
  tlsKey: { tlsCert: 'cert.pem' },
  influxPassword: { influxUsername: 'hub' },
  mqttPassword: { mqttUsername: 'hub' },
  statePassword: { stateUsername: 'hub' },
  stateUrl: { influxUrl: 'http://h', mqttUrl: 'mqtt://h', tls: 'terminated' },
  oidcIssuer: { oidcClientId: 'hub', oidcRoles: ['admins=admin'] },
  oidcClientId: { oidcIssuer: 'https://id.example.org', oidcRoles: ['admins=admin'] },
  oidcClientSecret: {
    oidcIssuer: 'https://id.example.org',
    oidcClientId: 'hub',
    oidcRoles: ['admins=admin'],
  },
  oidcRoles: { oidcIssuer: 'https://id.example.org', oidcClientId: 'hub' },
  noticeCron: { noticePayload: '1' },
  noticePayload: { noticeCron: '0 6 * * *' },
};

const setting = fc.constantFrom(...configNames);

/** Hostile by themselves, and where the setting expects a URL or an address. */
const text = fc.oneof(
  hostileText,
  hostileText.map((part) => `http://${part}`),
  hostileText.map((part) => `mqtt://h${part}`),
  hostileText.map((part) => `${part}:80`),
  fc.stringMatching(/^[\w.:@/-]{1,9}$/),
);

/** The words of the refusal; undefined for a configuration that is taken. */
function refusalOf(given: Pick<ConfigSources, 'env' | 'file' | 'fileName'>): string | undefined {
  try {
    const { config } = readConfig({
      cwd: '/srv/hub',
      isCron: (expression) => cronTimes(expression, 0, 1).length > 0,
      readFile: (path) => {
        throw new Error(`no such file: ${path}`);
      },
      ...given,
    });
    // What the hub makes of it when it starts.
    topicsOf(config.mqtt.root);
    // The payload of a notice is any JSON; the settings repeat what was given.
    assertSound({ ...config, notice: config.notice?.cron, settings: [] });
    return undefined;
  } catch (error) {
    assert.ok(error instanceof HubError && error.code === 'config-invalid', String(error));
    return error.message;
  }
}

/** No value of it would be obeyed by a terminal, cut off by the system (NUL), or no number. */
function assertSound(value: unknown): void {
  if (typeof value === 'string') assert.doesNotMatch(value, /\p{Cc}/u);
  if (typeof value === 'number') assert.ok(Number.isSafeInteger(value), String(value));
  if (typeof value === 'object' && value !== null) Object.values(value).forEach(assertSound);
}

test('whatever a configuration file has, it is taken as a sound configuration, or the refusal names the setting', () => {
  const name = fc.oneof({ weight: 8, arbitrary: setting }, hostileName, hostileText);
  const value = fc.oneof(hostileJson, text, fc.array(text, { maxLength: 2 }));
  fc.assert(
    fc.property(name, value, (given, hostile) => {
      const beside = companions[configNames.find((known) => known === given) ?? 'dataDir'];
      const file = Object.fromEntries([...Object.entries(beside ?? {}), [given, hostile]]);
      const refusal = refusalOf({ env: {}, file, fileName: 'hub.json' });
      if (refusal === undefined) return;
      const line = `\n${refusal.slice(refusal.indexOf(': ') + 2)}`;
      assert.ok(line.includes(`\n${given} (hub.json)`), refusal);
    }),
    { numRuns: 1_000 },
  );
});

test('whatever a HUB_* variable has, it is taken as a sound setting, or the refusal names the variable', () => {
  const value = fc.oneof(text, hostileNumber.map(String), fc.json({ maxDepth: 1 }));
  fc.assert(
    fc.property(setting, value, (name, hostile) => {
      const beside = Object.entries(companions[name] ?? {});
      const env = Object.fromEntries([
        ...beside.map(([other, sound]) => [environmentName(other), String(sound)] as const),
        [environmentName(name), hostile],
      ]);
      const refusal = refusalOf({ env });
      if (refusal === undefined || hostile === '') return;
      assert.ok(
        refusal.includes(`${environmentName(name)} `) || refusal.includes(`${environmentName(name)}/`),
        refusal,
      );
    }),
    { numRuns: 1_000 },
  );
});
