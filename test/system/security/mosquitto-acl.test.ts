import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { connect } from 'mqtt';
import { mosquittoPub, mosquittoSub } from '../../helpers/services/mosquitto-clients.ts';
import { startMosquitto } from '../../helpers/services/mosquitto.ts';
import { openRaw } from '../../helpers/devices/raw-device.ts';
import { startSecurityHub } from '../../helpers/hubs/security-hub.ts';

const shippedAcl = readFileSync(new URL('../../../packaging/mosquitto/acl', import.meta.url), 'utf8').split(
  '\n',
);

test("Mosquitto with the shipped rules: the hub works, and nobody forges the hub's word", async (t) => {
  const users = { hub: 'hub-secret', operator: 'operator-secret', viewer: 'viewer-secret' };
  const broker = await startMosquitto({ users, acl: shippedAcl });
  t.after(() => broker.close());
  const hub = await startSecurityHub(['d-1'], {
    env: { HUB_MQTT_URL: broker.url, HUB_MQTT_USERNAME: 'hub', HUB_MQTT_PASSWORD: users.hub },
  });
  t.after(() => hub.close());
  const as = (name: keyof typeof users): string[] => [
    '-p',
    String(broker.port),
    '-u',
    name,
    '-P',
    users[name],
  ];
  const seen = await mosquittoSub([...as('viewer'), '-q', '1', '-t', 'hub/v1/#']);
  t.after(() => seen.close());
  const device = await openRaw({
    url: hub.deviceUrl,
    dataDir: hub.dataDir,
    id: 'd-1',
    secret: hub.secretOf('d-1'),
  });
  await seen.next(
    'presence',
    ({ topic, payload }) => topic === 'hub/v1/presence/d-1' && payload.includes('online'),
  );
  device.send({ type: 'telemetry', seq: 1, stream: 'env', ts: Date.now(), data: { temperature: 1 } });
  await seen.next('telemetry', ({ topic }) => topic === 'hub/v1/telemetry/d-1/env');

  const publish = (name: keyof typeof users, topic: string, payload: string) =>
    mosquittoPub([...as(name), '-q', '1', '-t', topic, '-m', payload]).catch(() => undefined);
  const command = (id: string) => `{"id":"${id}","params":{"seconds":5}}`;
  // Refused by the broker, with a PUBACK that says so or by silence; none of them may arrive.
  await publish('viewer', 'hub/v1/command/d-1/set-interval', command('from-viewer'));
  await publish('operator', 'hub/v1/presence/d-1', '{"state":"forged"}');
  await publish('operator', 'hub/v1/status/d-1/c-1/succeeded', '{"forged":true}');
  await publish('hub', 'hub/v1/command/d-1/set-interval', command('from-hub'));
  await publish('operator', 'hub/v1/command/d-1/set-interval', command('from-operator'));
  assert.equal((await device.next('command')).id, 'from-operator');
  await seen.next('its status', ({ topic }) => topic.startsWith('hub/v1/status/d-1/from-operator/'));
  assert.ok(!seen.messages.some(({ payload, topic }) => /forged|from-(viewer|hub)/.test(payload + topic)));

  // What the broker lets through, the hub refuses: told on the status topic, counted, and never sent to the device.
  const refusals: [id: string, reason: string, further: string[]][] = [
    ['kept', 'retained', ['-r']],
    ...['hub/v1/presence/d-1', 'hub/v1/command/d-1/reboot', '$SYS/broker/x'].map(
      (responseTopic, n): [string, string, string[]] => [
        `answer-${n}`,
        'bad-response-topic',
        ['-D', 'publish', 'response-topic', responseTopic],
      ],
    ),
  ];
  for (const [id, reason, further] of refusals) {
    const counter = `hub_commands_refused_total{reason="${reason}"}`;
    const refused = await hub.metric(counter);
    const topic = 'hub/v1/command/d-1/set-interval';
    await mosquittoPub([...as('operator'), '-q', '1', '-t', topic, '-m', command(id), ...further]);
    const told = await seen.next(`${id} is refused`, (message) =>
      message.topic.startsWith(`hub/v1/status/d-1/${id}/`),
    );
    assert.match(told.payload, new RegExp(`"reason":"${reason}"`));
    assert.equal(told.topic, `hub/v1/status/d-1/${id}/rejected`);
    assert.equal(await hub.metric(counter), refused + 1);
  }
  // A wildcard is for subscribers (MQTT 5 §3.3.2.3.5): the broker cuts the link of who answers to one.
  const rude = connect(broker.url, {
    protocolVersion: 5,
    username: 'operator',
    password: users.operator,
    reconnectPeriod: 0,
  });
  t.after(() => rude.end(true));
  rude.on('error', () => undefined);
  await new Promise((resolve) => rude.once('connect', resolve));
  const cut = new Promise((resolve) => rude.once('close', () => resolve(undefined)));
  rude.publish('hub/v1/command/d-1/set-interval', command('answer-all'), {
    properties: { responseTopic: 'hub/v1/#' },
  });
  await Promise.race([
    cut,
    seen.next('a refusal', ({ topic }) => topic === 'hub/v1/status/d-1/answer-all/rejected'),
  ]);
  assert.deepEqual(
    device.frames.filter(({ type }) => type === 'command').map((frame) => 'id' in frame && frame.id),
    ['from-operator'],
  );
  device.close();
});
