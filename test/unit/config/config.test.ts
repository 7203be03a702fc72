import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { environmentName } from '../../../hub/config/names.ts';
import type { NamedFault } from '../../../hub/config/config-fault.ts';
import { HubError } from '../../../hub/kernel/errors.ts';
import { checkConfig, configNames } from '../../../schemas/config.ts';
import { configOf, faultsOf, namesOf } from '../../helpers/config.ts';

function examples(kind: 'valid' | 'invalid'): { name: string; value: unknown }[] {
  const folder = fileURLToPath(new URL(`../../../schemas/examples/${kind}/config/`, import.meta.url));
  return readdirSync(folder).map((name) => ({
    name,
    value: JSON.parse(readFileSync(folder + name, 'utf8')) as unknown,
  }));
}

test('every valid example is accepted, as values and as a file', () => {
  const found = examples('valid');
  assert.ok(found.length > 0);
  for (const { name, value } of found) {
    assert.equal(checkConfig(value).kind, 'valid', name);
    assert.ok(configOf({}, { file: value, readFile: () => 'secret' }).config, name);
  }
});

test('every invalid example is refused, as values and as a file', () => {
  const found = examples('invalid');
  assert.ok(found.length > 0);
  for (const { name, value } of found) {
    const checked = checkConfig(value);
    assert.equal(checked.kind === 'invalid' && checked.faults.length, 1, name);
    assert.equal(faultsOf({}, { file: value }).length, 1, name);
  }
});

const peer = { listen: { host: '127.0.0.1', port: 0 }, url: undefined };

const usual = { oidc: undefined, peer, acceptPerSec: 500, backoffMaxMs: 30_000, settings: [] };

const restartMs = 5_000;

test('without any setting the hub stands alone: own certificate, embedded store and broker', () => {
  const { config, warnings } = configOf({});
  assert.deepEqual(warnings, []);
  const packageDir = fileURLToPath(new URL('../../../', import.meta.url));
  assert.deepEqual(
    { ...config, settings: [] },
    {
      deviceListen: { host: '0.0.0.0', port: 8443 },
      adminListen: { host: '127.0.0.1', port: 8080 },
      brokerListen: { host: '127.0.0.1', port: 1883 },
      tls: { mode: 'own', clientCa: undefined },
      allowedOrigins: [],
      state: undefined,
      adminOrigins: [],
      trustedProxies: [],
      webhookAllow: [],
      maxSocketsPerAddress: 5_000,
      maxPendingPerAddress: 500,
      dataDir: '/srv/hub/var',
      influx: undefined,
      mqtt: { url: undefined, username: undefined, password: undefined, root: 'hub/v1' },
      fanOut: 'all',
      homeAssistant: 'off',
      homeAssistantPrefix: 'homeassistant',
      homeAssistantCommands: [],
      schemasDir: `${packageDir}schemas/device-types`,
      ackDelayMs: 500,
      inFlight: 64,
      maxAgeSec: 86_400,
      maxAheadSec: 60,
      backfillMaxAgeDays: 3660,
      messagesPerSec: 1_000,
      logsPerSec: 5,
      totalMessagesPerSec: 50_000,
      spool: 'local',
      spoolMaxMib: 1_024,
      deadLettersMax: 100_000,
      diskReserveMib: 256,
      embeddedMaxMib: 2_048,
      firmwareMaxMib: 1_024,
      firmwareKey: undefined,
      artifactDownloads: 64,
      rollUps: false,
      notice: undefined,
      ...usual,
      restartMs,
      logLevel: 'info',
    },
  );
});

test('the environment wins over the file, and the file over the defaults', () => {
  const file = { $schema: 'config.schema.json', ackDelayMs: 100, inFlight: 32 };
  const { config } = configOf({ HUB_ACK_DELAY_MS: '0' }, { file });
  assert.equal(config.ackDelayMs, 0);
  assert.equal(config.inFlight, 32);
  assert.equal(config.maxAheadSec, 60);
});

test('every name has its place in the environment', () => {
  const { config } = configOf(
    {
      HUB_DEVICE_LISTEN: '[::1]:0',
      HUB_TLS_CERT: 'tls/hub.crt',
      HUB_TLS_KEY: '/etc/hub.key',
      HUB_TLS_CLIENT_CA: 'ca.crt',
      HUB_ALLOWED_ORIGINS: 'https://Console.Example.org:443, http://localhost:5173, null, file://',
      HUB_ADMIN_LISTEN: 'localhost:9090',
      HUB_ADMIN_ORIGINS: 'https://Hub.Example.org',
      HUB_TRUSTED_PROXIES: '10.0.0.1, fd00::/8',
      HUB_WEBHOOK_ALLOW: '169.254.10.0/24',
      HUB_MAX_SOCKETS_PER_ADDRESS: '7',
      HUB_MAX_PENDING_PER_ADDRESS: '3',
      HUB_DATA_DIR: 'data',
      HUB_STATE_URL: 'postgres://db/hub',
      HUB_STATE_USERNAME: 'su',
      HUB_STATE_PASSWORD: 'sp',
      HUB_INFLUX_URL: 'http://influx:8086/',
      HUB_INFLUX_DATABASE: 'plant',
      HUB_INFLUX_USERNAME: 'iu',
      HUB_INFLUX_PASSWORD: 'ip',
      HUB_MQTT_URL: 'mqtts://broker:8883',
      HUB_MQTT_USERNAME: 'mu',
      HUB_MQTT_PASSWORD_FILE: 'mqtt-password',
      HUB_MQTT_ROOT: 'acme/hub',
      HUB_FAN_OUT: 'events',
      HUB_HOME_ASSISTANT: 'on',
      HUB_HOME_ASSISTANT_PREFIX: 'ha',
      HUB_HOME_ASSISTANT_COMMANDS: 'smart-valve/close, env-sensor/reboot',
      HUB_SCHEMAS_DIR: 'types',
      HUB_ACK_DELAY_MS: '250',
      HUB_IN_FLIGHT: '16',
      HUB_MAX_AGE_SEC: '60',
      HUB_MAX_AHEAD_SEC: '0',
      HUB_BACKFILL_MAX_AGE_DAYS: '30',
      HUB_MESSAGES_PER_SEC: '10',
      HUB_LOGS_PER_SEC: '2',
      HUB_TOTAL_MESSAGES_PER_SEC: '100',
      HUB_SPOOL: 'state',
      HUB_SPOOL_MAX_MIB: '2',
      HUB_DEAD_LETTERS_MAX: '5',
      HUB_DISK_RESERVE_MIB: '100',
      HUB_EMBEDDED_MAX_MIB: '64',
      HUB_FIRMWARE_MAX_MIB: '64',
      HUB_FIRMWARE_KEY: 'owner.pem',
      HUB_ARTIFACT_DOWNLOADS: '8',
      HUB_ROLL_UPS: '1m',
      HUB_RAW_RETENTION_DAYS: '30',
      HUB_NOTICE_CRON: '*/5 * * * * *',
      HUB_NOTICE_PAYLOAD: 'null',
      HUB_LOG_LEVEL: 'debug',
    },
    { readFile: (path) => `content of ${path}\n` },
  );
  assert.deepEqual(
    { ...config, settings: [] },
    {
      deviceListen: { host: '::1', port: 0 },
      adminListen: { host: 'localhost', port: 9090 },
      brokerListen: { host: '127.0.0.1', port: 1883 },
      tls: { mode: 'given', cert: '/srv/hub/tls/hub.crt', key: '/etc/hub.key', clientCa: '/srv/hub/ca.crt' },
      allowedOrigins: ['https://console.example.org', 'http://localhost:5173', 'null', 'file://'],
      adminOrigins: ['https://hub.example.org'],
      trustedProxies: ['10.0.0.1', 'fd00::/8'],
      webhookAllow: ['169.254.10.0/24'],
      maxSocketsPerAddress: 7,
      maxPendingPerAddress: 3,
      dataDir: '/srv/hub/data',
      state: { url: 'postgres://db/hub', username: 'su', password: 'sp' },
      influx: { url: 'http://influx:8086', database: 'plant', username: 'iu', password: 'ip' },
      mqtt: {
        url: 'mqtts://broker:8883',
        username: 'mu',
        password: 'content of /srv/hub/mqtt-password',
        root: 'acme/hub',
      },
      fanOut: 'events',
      homeAssistant: 'on',
      homeAssistantPrefix: 'ha',
      homeAssistantCommands: ['smart-valve/close', 'env-sensor/reboot'],
      schemasDir: '/srv/hub/types',
      ackDelayMs: 250,
      inFlight: 16,
      maxAgeSec: 60,
      maxAheadSec: 0,
      backfillMaxAgeDays: 30,
      messagesPerSec: 10,
      logsPerSec: 2,
      totalMessagesPerSec: 100,
      spool: 'state',
      spoolMaxMib: 2,
      deadLettersMax: 5,
      diskReserveMib: 100,
      embeddedMaxMib: 64,
      firmwareMaxMib: 64,
      firmwareKey: '/srv/hub/owner.pem',
      artifactDownloads: 8,
      rollUps: true,
      rawRetentionDays: 30,
      notice: { cron: '*/5 * * * * *', payload: null },
      ...usual,
      restartMs,
      logLevel: 'debug',
    },
  );
});

test('all faults are told at once, each by the name its author used', () => {
  const faults = faultsOf(
    { HUB_ACK_DELAY_MS: 'soon', HUB_NOTICE_PAYLOAD: '{', HUB_MQTT_URL: 'mqtt://hub:hunter2@broker' },
    { file: { deviceListen: 'nowhere', maxAgeSec: -1, mqttRot: 'x' }, fileName: 'hub.json' },
  );
  assert.deepEqual(namesOf(faults).toSorted(), [
    'HUB_ACK_DELAY_MS',
    'HUB_MQTT_URL',
    'HUB_NOTICE_CRON',
    'HUB_NOTICE_PAYLOAD',
    'deviceListen (hub.json)',
    'maxAgeSec (hub.json)',
    'mqttRot (hub.json)',
  ]);
  const byName = new Map(faults.map((fault) => [fault.name, fault]));
  assert.deepEqual(byName.get('HUB_ACK_DELAY_MS')?.got, 'soon');
  assert.match(byName.get('maxAgeSec (hub.json)')?.rule ?? '', />= 1/);
  assert.match(byName.get('mqttRot (hub.json)')?.rule ?? '', /did you mean mqttRoot\?/);
});

test('a value that cannot be turned into text is a fault like any other', () => {
  const [fault] = faultsOf({}, { file: { deviceListen: { toString: 0 } } });
  assert.deepEqual(fault?.got, { toString: 0 });
});

test('no secret is ever shown', () => {
  const faults = faultsOf(
    { HUB_MQTT_URL: 'mqtt://hub:hunter2@broker', HUB_INFLUX_PASSWORD: 'hunter2' },
    { file: { mqttPassword: ['hunter2'] } },
  );
  assert.deepEqual(namesOf(faults).toSorted(), [
    'HUB_INFLUX_USERNAME',
    'HUB_MQTT_URL',
    'mqttPassword (the configuration file)',
  ]);
  assert.ok(!JSON.stringify(faults).includes('hunter2'));
});

test('a secret comes from a file, and the more specific source wins', () => {
  const readFile = (path: string): string => `from ${path}\n`;
  const file = { mqttUsername: 'u', mqttPassword: 'from the configuration' };
  assert.equal(configOf({}, { file, readFile }).config.mqtt.password, 'from the configuration');
  const overridden = configOf({ HUB_MQTT_PASSWORD_FILE: '/run/mqtt' }, { file, readFile });
  assert.equal(overridden.config.mqtt.password, 'from /run/mqtt');
  const direct = configOf(
    { HUB_MQTT_PASSWORD: 'direct' },
    { file: { mqttUsername: 'u', mqttPasswordFile: 'x' }, readFile },
  );
  assert.equal(direct.config.mqtt.password, 'direct');
  const both = { HUB_MQTT_USERNAME: 'u', HUB_MQTT_PASSWORD: 'a', HUB_MQTT_PASSWORD_FILE: 'b' };
  assert.deepEqual(namesOf(faultsOf(both, { readFile })), ['HUB_MQTT_PASSWORD_FILE']);
  const [unreadable] = faultsOf({ HUB_MQTT_USERNAME: 'u', HUB_MQTT_PASSWORD_FILE: 'b' });
  assert.equal(unreadable?.name, 'HUB_MQTT_PASSWORD_FILE');
  assert.match(unreadable.rule, /can be read \(no such file: \/srv\/hub\/b\)/);
});

test('the configuration is frozen to its depths', () => {
  const { config } = configOf({ HUB_NOTICE_CRON: '* * * * *', HUB_NOTICE_PAYLOAD: '{"a":{"b":[1]}}' });
  const frozen = (value: unknown): boolean =>
    typeof value !== 'object' ||
    value === null ||
    (Object.isFrozen(value) && Object.values(value).every(frozen));
  assert.ok(frozen(config));
});

test('whatever the environment and the file hold, the answer is a configuration or named faults', () => {
  const environment = fc.dictionary(
    fc.constantFrom(...configNames.map(environmentName), 'HUB_X'),
    fc.string(),
  );
  const file = fc.oneof(
    fc.jsonValue(),
    fc.dictionary(fc.constantFrom(...configNames, '__proto__', 'x'), fc.jsonValue()),
  );
  fc.assert(
    fc.property(environment, file, (env, value) => {
      try {
        assert.ok(Object.isFrozen(configOf(env, { file: value }).config));
      } catch (error) {
        assert.ok(error instanceof HubError && error.code === 'config-invalid', String(error));
        assert.ok((error.details['faults'] as NamedFault[]).length > 0);
      }
    }),
    { numRuns: 1_000 },
  );
});
