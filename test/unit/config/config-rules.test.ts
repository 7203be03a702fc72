import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { nearestName } from '../../../schemas/nearest-name.ts';
import { isLoopback, parseListen } from '../../../hub/config/rules.ts';
import { checkConfig, configNames } from '../../../schemas/config.ts';
import { configOf, faultsOf, namesOf } from '../../helpers/config.ts';

test('plain WebSocket needs a loopback address, or a proxy that speaks TLS', () => {
  assert.deepEqual(namesOf(faultsOf({ HUB_TLS: 'off' })), ['HUB_TLS']);
  for (const host of ['127.0.0.1', '127.8.9.1', '[::1]', 'localhost']) {
    assert.deepEqual(configOf({ HUB_TLS: 'off', HUB_DEVICE_LISTEN: `${host}:0` }).config.tls, {
      mode: 'off',
    });
  }
  assert.deepEqual(configOf({ HUB_TLS: 'terminated' }).config.tls, { mode: 'terminated' });
});

test('settings that belong together are asked for together', () => {
  const cases: [Record<string, string>, string[]][] = [
    [{ HUB_TLS_CERT: 'a' }, ['HUB_TLS_KEY']],
    [{ HUB_TLS_KEY: 'a' }, ['HUB_TLS_CERT']],
    [{ HUB_TLS: 'terminated', HUB_TLS_CERT: 'a', HUB_TLS_KEY: 'b' }, ['HUB_TLS_CERT', 'HUB_TLS_KEY']],
    [{ HUB_NOTICE_CRON: '* * * * *' }, ['HUB_NOTICE_PAYLOAD']],
    [{ HUB_NOTICE_PAYLOAD: '1' }, ['HUB_NOTICE_CRON']],
    [{ HUB_NOTICE_CRON: 'often', HUB_NOTICE_PAYLOAD: '1' }, ['HUB_NOTICE_CRON']],
    [{ HUB_MQTT_PASSWORD: 'a' }, ['HUB_MQTT_USERNAME']],
    [{ HUB_INFLUX_PASSWORD: 'a' }, ['HUB_INFLUX_USERNAME']],
    [{ HUB_INFLUX_URL: 'http://[' }, ['HUB_INFLUX_URL']],
    [{ HUB_ADMIN_LISTEN: '127.0.0.1:8443' }, ['HUB_ADMIN_LISTEN']],
    [{ HUB_BROKER_LISTEN: '127.0.0.1:8080' }, ['HUB_BROKER_LISTEN']],
  ];
  for (const [env, names] of cases) assert.deepEqual(namesOf(faultsOf(env)), names, JSON.stringify(env));
});

test('an unknown HUB_ name in the environment is a warning with a guess, an empty one counts as not set', () => {
  const { config, warnings } = configOf({
    HUB_ACK_DELAY: '1',
    HUB_TEST_SEED: '7',
    HUB_IN_FLIGHT: '',
    PATH: '/bin',
  });
  assert.equal(config.inFlight, 64);
  assert.equal(warnings.length, 2);
  assert.match(warnings[0] ?? '', /^HUB_ACK_DELAY in the environment .*HUB_ACK_DELAY_MS\?$/);
  assert.match(warnings[1] ?? '', /^HUB_TEST_SEED in the environment/);
});

test('open listeners are warned of', () => {
  const { warnings } = configOf({
    HUB_ADMIN_LISTEN: '0.0.0.0:8080',
    HUB_BROKER_LISTEN: '[::]:1883',
    HUB_INFLUX_USERNAME: 'x',
  });
  assert.equal(warnings.length, 3);
  assert.match(warnings[0] ?? '', /HUB_ADMIN_LISTEN.*plain text/);
  assert.match(warnings[1] ?? '', /HUB_BROKER_LISTEN.*plain text/);
  assert.match(warnings[2] ?? '', /HUB_INFLUX_USERNAME: not used without HUB_INFLUX_URL/);
});

test('a listen address survives parsing, whatever the port', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('127.0.0.1', 'hub.example.org', '::1', '2001:db8::7'),
      fc.nat(65_535),
      (host, port) => {
        const text = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
        assert.equal(checkConfig({ deviceListen: text }).kind, 'valid');
        assert.deepEqual(parseListen(text), { host, port });
      },
    ),
  );
  assert.ok(isLoopback('::1') && !isLoopback('0.0.0.0') && !isLoopback('127.0.0.1.example.org'));
});

test('a misspelt name finds the one that was meant, and a strange one finds none', () => {
  assert.equal(nearestName('devicelisten', configNames), 'deviceListen');
  assert.equal(nearestName('mqtRoot', configNames), 'mqttRoot');
  assert.equal(nearestName('colour', configNames), undefined);
});

test('a state in PostgreSQL needs the parts that several hubs would share, each named', () => {
  const url = 'postgres://db.example.org:5432/hub';
  const missing = faultsOf({ HUB_STATE_URL: url, HUB_STATE_PASSWORD: 'hunter2' });
  assert.deepEqual(namesOf(missing).toSorted(), [
    'HUB_INFLUX_URL',
    'HUB_MQTT_URL',
    'HUB_STATE_USERNAME',
    'HUB_TLS_CERT',
  ]);
  const parts = { HUB_INFLUX_URL: 'http://i', HUB_MQTT_URL: 'mqtt://m', HUB_TLS: 'terminated' };
  const { config } = configOf({ HUB_STATE_URL: url, HUB_STATE_USERNAME: 'hub', ...parts });
  assert.deepEqual(config.state, { url, username: 'hub', password: undefined });
  const settings = `${url}?sslmode=verify-full&options=-c%20search_path%3Dhub`;
  assert.equal(
    configOf({ HUB_STATE_URL: settings, HUB_STATE_USERNAME: 'hub', ...parts }).config.state?.url,
    settings,
  );
  const secrets = 'h/hub?password=hunter2 h/hub?x=1&sslpassword=hunter2 h/hub?p%61ssword=hunter2';
  const wrongs = `u:hunter2@h/hub ${secrets} h h/hub#x`.split(' ').map((rest) => `postgres://${rest}`);
  for (const wrong of [...wrongs, 'mysql://h/hub']) {
    const faults = faultsOf({ HUB_STATE_URL: wrong, ...parts });
    assert.deepEqual(namesOf(faults), ['HUB_STATE_URL'], wrong);
    assert.ok(!JSON.stringify(faults).includes('hunter2'));
  }
  assert.equal(configOf({}).config.state, undefined);
});

test('a spool in PostgreSQL needs a state there, and the fault says what to give', () => {
  const [fault, ...others] = faultsOf({ HUB_SPOOL: 'state' });
  assert.deepEqual([fault?.name, others], ['HUB_SPOOL', []]);
  assert.match(fault?.rule ?? '', /^must be local while the state is in the data folder: give HUB_STATE_URL/);
  assert.deepEqual(namesOf(faultsOf({ HUB_SPOOL: 'postgres' })), ['HUB_SPOOL']);
  assert.equal(configOf({ HUB_SPOOL: 'local' }).config.spool, 'local');
  const there = { HUB_STATE_URL: 'postgres://db/hub', HUB_TLS: 'terminated', HUB_SPOOL: 'state' };
  const parts = { HUB_INFLUX_URL: 'http://i', HUB_MQTT_URL: 'mqtt://m' };
  assert.equal(configOf({ ...there, ...parts }).config.spool, 'state');
});
