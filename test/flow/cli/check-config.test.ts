import assert from 'node:assert/strict';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { dataFolder, runCommand as run } from '../../helpers/cli.ts';

const lines = (text: string): unknown[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);

test('check-config prints every fault and ends with 2', async (t) => {
  const dataDir = dataFolder(t);
  await writeFile(join(dataDir, 'hub.json'), '{"deviceListn": 1, "inFlight": 0}');
  const env = { HUB_ACK_DELAY_MS: 'soon' };
  const checked = await run(['check-config', '--config', 'hub.json'], dataDir, { env });
  assert.equal(checked.code, 2);
  assert.equal(
    checked.err,
    'device-hub: the configuration is not valid: deviceListn (hub.json) is not a known name; did you mean deviceListen?\n' +
      '  HUB_ACK_DELAY_MS must be integer; it is "soon"\n' +
      '  inFlight (hub.json) must be >= 2; it is 0\n',
  );
  const json = await run(['check-config', '--config', 'hub.json', '--json'], dataDir, { env });
  assert.equal(json.code, 2);
  const [answer] = lines(json.out) as { valid: boolean; faults: { name: string }[] }[];
  assert.equal(answer?.valid, false);
  assert.deepEqual(
    answer.faults.map(({ name }) => name),
    ['deviceListn (hub.json)', 'HUB_ACK_DELAY_MS', 'inFlight (hub.json)'],
  );

  await writeFile(join(dataDir, 'broken.json'), '{"a":');
  const broken = await run(['check-config', '--config', 'broken.json'], dataDir);
  assert.equal(broken.code, 2);
  assert.match(broken.err, /broken\.json must be JSON; it is /);
  const missing = await run(['check-config', '--config', 'none.json'], dataDir);
  assert.equal(missing.code, 2);
  assert.match(missing.err, /none\.json must be a file that can be read \(ENOENT/);
});

test('check-config shows when a notice of two day fields is due: on the days of either', async (t) => {
  const dataDir = dataFolder(t);
  const env = { HUB_NOTICE_CRON: '0 4 1,15 * 5', HUB_NOTICE_PAYLOAD: '{}' };
  const { code, out } = await run(['check-config'], dataDir, { env });
  assert.equal(code, 0);
  const days = ['01-01', '01-02', '01-09', '01-15', '01-16'];
  const times = days.map((day) => `2026-${day}T04:00:00.000Z`).join(', ');
  assert.ok(out.includes(`notice   ${times}`), out);
  const never = await run(['check-config'], dataDir, { env: { ...env, HUB_NOTICE_CRON: '0 4 30 2 *' } });
  assert.equal(never.code, 2);
  assert.match(never.err, /HUB_NOTICE_CRON must be a cron expression/);
});

test('check-config judges the device types and certificates too, beside the faults of the values', async (t) => {
  const dataDir = dataFolder(t);
  const types = join(dataDir, 'types');
  await mkdir(types);
  await writeFile(join(types, 'a@1.json'), '{');
  await writeFile(join(types, 'b@1.json'), '{"name":"b","version":0,"streams":{},"presence":{}}');
  await writeFile(join(dataDir, 'hub.crt'), 'no certificate');
  const env = {
    HUB_SCHEMAS_DIR: 'types',
    HUB_TLS_CERT: 'hub.crt',
    HUB_TLS_KEY: 'missing.key',
    HUB_IN_FLIGHT: '0',
  };
  const { code, err } = await run(['check-config'], dataDir, { env });
  assert.equal(code, 2);
  assert.match(err, /HUB_IN_FLIGHT must be >= 2/);
  assert.match(err, /HUB_SCHEMAS_DIR must hold valid device types: \S+a@1\.json: \/ must be JSON/);
  assert.match(err, /HUB_SCHEMAS_DIR must hold valid device types: \S+b@1\.json: .*\/version must be >= 1/);
  assert.match(
    err,
    /HUB_TLS_CERT must be a file the hub can use: \S+hub\.crt: it contains no PEM certificate/,
  );
  assert.match(err, /HUB_TLS_KEY must be a file the hub can use: \S+missing\.key: it cannot be used/);
  assert.deepEqual(await readdir(dataDir), ['hub.crt', 'types'], 'nothing was made');
  const sound = await run(['check-config', '--json'], dataDir, { env: { HUB_SCHEMAS_DIR: 'types' } });
  assert.equal(sound.code, 2);
  const [answer] = lines(sound.out) as { valid: boolean; faults: { name: string }[] }[];
  assert.deepEqual(
    answer?.faults.map(({ name }) => name),
    ['HUB_SCHEMAS_DIR', 'HUB_SCHEMAS_DIR'],
  );
});

test('check-config shows what is in effect, and never a secret', async (t) => {
  const dataDir = dataFolder(t);
  const env = {
    HUB_DATA_DIR: '/elsewhere',
    HUB_MQTT_URL: 'mqtt://broker:1883',
    HUB_MQTT_USERNAME: 'u',
    HUB_MQTT_PASSWORD: 'hunter2',
    HUB_OTHER: 'x',
  };
  const checked = await run(['check-config', '--data-dir', 'here'], dataDir, { env });
  assert.equal(checked.code, 0);
  assert.match(checked.err, /^warning: HUB_OTHER/);
  assert.match(checked.out, /^the configuration is valid\n/);
  assert.match(checked.out, /^devices +wss:\/\/0\.0\.0\.0:8443\/v1\/device/m);
  assert.match(checked.out, /^broker +mqtt:\/\/broker:1883$/m);
  assert.ok(checked.out.includes(`${dataDir}/here`), 'the option wins over the environment');
  const json = await run(['check-config', '--json'], dataDir, { env });
  assert.match(json.out, /"password":"\(hidden\)"/);
  assert.ok(!`${checked.out}${checked.err}${json.out}${json.err}`.includes('hunter2'));
});

test('a file that is not UTF-8 is refused, because a secret in it would silently be another one', async (t) => {
  const dataDir = dataFolder(t);
  const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');
  await writeFile(join(dataDir, 'hub.json'), latin1('{"mqtt":{"root":"für"}}'));
  const config = await run(['check-config', '--config', 'hub.json'], dataDir);
  assert.equal(config.code, 2);
  assert.match(config.err, /--config hub\.json .*it is not UTF-8 text/);

  await writeFile(join(dataDir, 'password'), latin1('schlüssel'), { mode: 0o600 });
  const env = { HUB_MQTT_USERNAME: 'hub', HUB_MQTT_PASSWORD_FILE: 'password' };
  const secret = await run(['check-config'], dataDir, { env });
  assert.equal(secret.code, 2);
  assert.match(secret.err, /HUB_MQTT_PASSWORD_FILE .*it is not UTF-8 text/);

  await writeFile(join(dataDir, 'frame.json'), latin1('{"type":"telemetry","stream":"ü"}'));
  const type = join(import.meta.dirname, '../../../schemas/device-types/env-sensor@1.json');
  const sample = await run(['schema', 'check', type, '--sample', 'frame.json'], dataDir);
  assert.equal(sample.code, 1);
  assert.match(sample.err, /frame\.json: it is not UTF-8 text/);
});
